//! Arguments of events and acknowledgements: JSON as it was written, and bytes beside it.

use std::fmt::{self, Formatter};
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

/// Arguments that typed handlers look at.
const READ_MAX: usize = 8;

/// Arguments. The JSON is kept as text and never parsed unless somebody asks; bytes stand in it as placeholders
/// `{"_placeholder":true,"num":0}` that count the attachments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// Values joined by commas; UTF-8.
    text: Bytes,
    attachments: Vec<Bytes>,
}

/// Arguments of other types than a handler wants.
#[derive(Debug, Error)]
#[error("arguments do not fit: {0}")]
pub struct ArgsError(#[from] serde_json::Error);

impl Args {
    /// No arguments.
    pub fn none() -> Self {
        Self::default()
    }

    /// One argument.
    pub fn one<T: Serialize + ?Sized>(argument: &T) -> Self {
        Self::of(&(argument,))
    }

    /// Several arguments, as a tuple or a slice. A value that has no JSON (a map whose keys are no text) becomes `null`.
    pub fn of<T: Serialize + ?Sized>(arguments: &T) -> Self {
        let json = serde_json::to_string(arguments).ok();
        let values = json.as_deref().and_then(|json| json.strip_prefix('[')?.strip_suffix(']'));
        Self { text: Bytes::copy_from_slice(values.unwrap_or("null").as_bytes()), attachments: Vec::new() }
    }

    /// Arguments as they came in: JSON values joined by commas, already checked, and the bytes that they refer to.
    pub fn from_text(text: &str, attachments: Vec<Bytes>) -> Self {
        Self { text: Bytes::copy_from_slice(text.as_bytes()), attachments }
    }

    /// The values, joined by commas.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The bytes that placeholders refer to.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// The same arguments with bytes for their placeholders.
    pub fn with_attachments(self, attachments: Vec<Bytes>) -> Self {
        Self { attachments, ..self }
    }

    /// Reads arguments into a tuple, as JavaScript passes them: what is missing is `null`, what is too much is ignored.
    ///
    /// # Errors
    /// An argument of another type.
    pub fn read<T: FromArgs>(&self) -> Result<T, ArgsError> {
        let json = format!("[{}]", self.text());
        let Front(values) = serde_json::from_str(&json)?;
        T::from_args(&values)
    }

    /// Bytes that these arguments take up.
    pub fn len(&self) -> usize {
        self.text.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// The first few values of an array.
struct Front<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Front<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_seq(FrontVisitor(PhantomData))
    }
}

struct FrontVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for FrontVisitor<'a> {
    type Value = Front<'a>;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut front = Vec::new();
        while front.len() < READ_MAX
            && let Some(value) = elements.next_element()?
        {
            front.push(value);
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Front(front))
    }
}

/// Tuples that arguments can be read into.
pub trait FromArgs: Sized {
    /// Reads them.
    ///
    /// # Errors
    /// An argument of another type.
    fn from_args(values: &[&RawValue]) -> Result<Self, ArgsError>;
}

fn value<T: DeserializeOwned>(values: &[&RawValue], index: usize) -> Result<T, ArgsError> {
    Ok(serde_json::from_str(values.get(index).map_or("null", |value| value.get()))?)
}

impl FromArgs for () {
    fn from_args(_values: &[&RawValue]) -> Result<Self, ArgsError> {
        Ok(())
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+)),+) => {
        $(impl<$($name: DeserializeOwned),+> FromArgs for ($($name,)+) {
            fn from_args(values: &[&RawValue]) -> Result<Self, ArgsError> {
                Ok(($(value::<$name>(values, $index)?,)+))
            }
        })+
    };
}

tuples!((A 0), (A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3));
