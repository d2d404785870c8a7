//! An event's array: its name, its arguments, and the placeholders of its attachments.

use std::borrow::Cow;
use std::fmt::{self, Formatter};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

/// Names that the protocol's own libraries use; a client that sends one breaks the protocol.
pub const RESERVED_NAMES: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// JSON that is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EventError {
    /// No array of valid JSON.
    #[error("no JSON array")]
    NotArray,
    /// The first element is missing, or neither a string nor a number.
    #[error("no name")]
    NoName,
    /// The name is the protocol's own.
    #[error("a reserved name")]
    Reserved,
}

/// An event as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventText<'a> {
    /// The name; a number stands as its digits.
    pub name: Cow<'a, str>,
    /// What stands behind the name, as it was written: values joined by commas, empty when there are none.
    pub arguments: &'a str,
}

/// Splits `["name",arguments…]`. The whole array is checked; nothing but an escaped name is copied.
///
/// # Errors
/// JSON that is no event.
pub fn split_event(json: &str) -> Result<EventText<'_>, EventError> {
    if !json.starts_with('[') {
        return Err(EventError::NotArray);
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let (name, count) = reader.deserialize_seq(FirstElement).map_err(|_| EventError::NotArray)?;
    reader.end().map_err(|_| EventError::NotArray)?;
    let raw = name.ok_or(EventError::NoName)?.get();
    let name = name_of(raw)?;
    // The name is a slice of the text: what follows it is a comma and the arguments, or the end.
    let end = raw.as_ptr().addr() - json.as_ptr().addr() + raw.len();
    let behind = json.get(end..).unwrap_or_default().trim_ascii();
    let inner = behind.strip_suffix(']').unwrap_or(behind).trim_ascii_end();
    let arguments = if count == 0 { "" } else { inner.strip_prefix(',').unwrap_or(inner).trim_ascii_start() };
    Ok(EventText { name, arguments })
}

fn name_of(raw: &str) -> Result<Cow<'_, str>, EventError> {
    let name = match raw.as_bytes().first() {
        Some(b'"') => match raw[1..raw.len() - 1].contains('\\') {
            true => Cow::Owned(serde_json::from_str(raw).map_err(|_| EventError::NoName)?),
            false => Cow::Borrowed(&raw[1..raw.len() - 1]),
        },
        Some(b'-' | b'0'..=b'9') => Cow::Borrowed(raw),
        _ => return Err(EventError::NoName),
    };
    if RESERVED_NAMES.contains(&&*name) { Err(EventError::Reserved) } else { Ok(name) }
}

/// Takes the first element as text and counts the others.
struct FirstElement;

impl<'de> Visitor<'de> for FirstElement {
    type Value = (Option<&'de RawValue>, usize);

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let first = elements.next_element()?;
        let mut count = 0;
        while elements.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok((first, count))
    }
}

/// Whether every placeholder in the JSON points at one of so many attachments. False as well for JSON that is nested more
/// deeply than a placeholder is looked for (128 levels).
pub fn has_sound_placeholders(json: &str, attachments: usize) -> bool {
    let mut reader = serde_json::Deserializer::from_str(json);
    Placeholders { attachments }.deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

/// Walks a value and fails at the first placeholder that points nowhere.
#[derive(Clone, Copy)]
struct Placeholders {
    attachments: usize,
}

impl<'de> DeserializeSeed<'de> for Placeholders {
    type Value = Seen;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Seen, D::Error> {
        reader.deserialize_any(self)
    }
}

/// What an object's members may have to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    True,
    Number(Option<usize>),
    Other,
}

impl<'de> Visitor<'de> for Placeholders {
    type Value = Seen;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Seen, E> {
        Ok(if value { Seen::True } else { Seen::Other })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Seen, E> {
        Ok(Seen::Number(usize::try_from(value).ok()))
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Seen, E> {
        Ok(Seen::Number(None))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Seen, E> {
        Ok(Seen::Number(None))
    }

    fn visit_str<E>(self, _value: &str) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Seen, A::Error> {
        while elements.next_element_seed(self)?.is_some() {}
        Ok(Seen::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Seen, A::Error> {
        let (mut is_placeholder, mut number) = (false, None);
        while let Some(name) = members.next_key_seed(MemberName)? {
            let value = members.next_value_seed(self)?;
            match (name, value) {
                (Member::Placeholder, value) => is_placeholder = value == Seen::True,
                (Member::Number, Seen::Number(value)) => number = value,
                (Member::Number, _) => number = None,
                (Member::Other, _) => {}
            }
        }
        match !is_placeholder || number.is_some_and(|number| number < self.attachments) {
            true => Ok(Seen::Other),
            false => Err(A::Error::custom("a placeholder of no attachment")),
        }
    }
}

/// The names that make an object a placeholder.
#[derive(Clone, Copy)]
enum Member {
    Placeholder,
    Number,
    Other,
}

struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Member;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Member, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = Member;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Member, E> {
        Ok(match name {
            "_placeholder" => Member::Placeholder,
            "num" => Member::Number,
            _ => Member::Other,
        })
    }
}
