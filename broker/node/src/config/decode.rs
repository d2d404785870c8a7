//! From the untyped tree to the typed one: a serde deserializer that knows paths and origins.
//!
//! The typed tree decides what the text of an environment variable means: a field that wants a number gets the text read
//! as one, a field that wants text gets it as it stands. Unknown keys are refused here, with the known ones at hand.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::decode_error::{DecodeError, expected};
use super::errors::{Problem, Step};
use super::node::{Node, Value};

/// Reads the typed tree.
///
/// # Errors
/// The first key that is unknown, missing, of the wrong type or out of its range.
pub(super) fn decode<T: DeserializeOwned>(root: &Node) -> Result<T, Problem> {
    T::deserialize(Reader(root)).map_err(DecodeError::into_problem)
}

/// A node as serde sees it.
struct Reader<'a>(&'a Node);

impl Reader<'_> {
    /// The node, with the text of a variable read in the file's syntax where that is possible.
    fn resolved(&self) -> std::borrow::Cow<'_, Node> {
        match &self.0.value {
            Value::Untyped(text) => {
                let text_node = || Node { origin: self.0.origin.clone(), value: Value::Text(text.clone()) };
                std::borrow::Cow::Owned(Node::parse_value(text, &self.0.origin).unwrap_or_else(text_node))
            }
            _ => std::borrow::Cow::Borrowed(self.0),
        }
    }

    fn text(&self) -> Result<String, DecodeError> {
        match (&self.0.value, &self.resolved().value) {
            (_, Value::Text(text)) | (Value::Untyped(text), _) => Ok(text.clone()),
            (_, other) => Err(expected("text", other)),
        }
    }

    fn integer<T: TryFrom<i64>>(&self, least: impl fmt::Display, most: impl fmt::Display) -> Result<T, DecodeError> {
        match &self.resolved().value {
            Value::Integer(number) => T::try_from(*number)
                .map_err(|_| DecodeError::new(format_args!("{number} is not in the range {least} to {most}"))),
            other => Err(expected("a whole number", other)),
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            visitor.$visit(self.integer::<$type>(<$type>::MIN, <$type>::MAX)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = DecodeError;

    integers!(deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let node = self.resolved();
        match &node.value {
            Value::Text(text) | Value::Untyped(text) | Value::Datetime(text) => visitor.visit_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(flag) => visitor.visit_bool(*flag),
            Value::List(list) => visitor.visit_seq(Items { list, next: 0 }),
            Value::Table(table) => visitor.visit_map(Entries { rest: table.iter(), value: None }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.resolved().value {
            Value::Boolean(flag) => visitor.visit_bool(*flag),
            other => Err(expected("true or false", other)),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.resolved().value {
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Integer(number) => visitor.visit_i64(*number),
            other => Err(expected("a number", other)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.resolved().value {
            Value::List(list) => visitor.visit_seq(Items { list, next: 0 }),
            other => Err(expected("a list", other)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.resolved().value {
            Value::Table(table) => visitor.visit_map(Entries { rest: table.iter(), value: None }),
            other => Err(expected("a table", other)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let node = self.resolved();
        let Value::Table(table) = &node.value else { return Err(expected("a table", &node.value)) };
        if let Some((key, child)) = table.iter().find(|(key, _)| !fields.contains(&key.as_str())) {
            return Err(DecodeError::unknown("key", key, fields).within(Step::Key(key.clone()), &child.origin));
        }
        visitor.visit_map(Entries { rest: table.iter(), value: None })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let text = self.text()?;
        if !variants.contains(&text.as_str()) {
            return Err(DecodeError::unknown(&format!("value {text:?}"), &text, variants));
        }
        let name: StrDeserializer<'_, DecodeError> = text.as_str().into_deserializer();
        visitor.visit_enum(name)
    }

    serde::forward_to_deserialize_any! {
        f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'a> {
    list: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some(node) = self.list.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(Reader(node)).map(Some).map_err(|error| error.within(Step::Index(index), &node.origin))
    }
}

struct Entries<'a> {
    rest: std::collections::btree_map::Iter<'a, String, Node>,
    value: Option<(&'a String, &'a Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        self.value = self.rest.next();
        let Some((key, node)) = self.value else { return Ok(None) };
        let name: StrDeserializer<'_, DecodeError> = key.as_str().into_deserializer();
        seed.deserialize(name).map(Some).map_err(|error| error.within(Step::Key(key.clone()), &node.origin))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let Some((key, node)) = self.value else { return Err(DecodeError::new("a value without a key")) };
        seed.deserialize(Reader(node)).map_err(|error| error.within(Step::Key(key.clone()), &node.origin))
    }
}
