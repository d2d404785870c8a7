//! How the fields of the schema look in JSON.
//!
//! Used as `#[serde(with)]` of every field: an empty value counts as absent, `null` reads as absent, and a
//! [`Bytes`] field is one raw JSON value that passes through unparsed. Raw values are checked when they are written, and
//! lose their raw newlines then, since a newline separates messages in a frame. A newline can only stand between the
//! tokens of valid JSON, so that dropping it changes no value.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Text of the serializer error for bytes which are no JSON.
const NOT_JSON: &str = "bytes are not valid JSON";

/// A type that a field of the schema may have.
pub(crate) trait JsonField: Sized {
    /// True when JSON leaves the field out.
    fn is_absent(&self) -> bool;
    /// Writes the value.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    /// Reads the value; `null` reads as the empty value.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// See [`JsonField::is_absent`].
pub(crate) fn is_absent<T: JsonField>(value: &T) -> bool {
    value.is_absent()
}

/// See [`JsonField::write`].
pub(crate) fn serialize<T: JsonField, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

/// See [`JsonField::read`].
pub(crate) fn deserialize<'de, T: JsonField, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

macro_rules! plain_fields {
    ($($type:ty),*) => { $(
        impl JsonField for $type {
            fn is_absent(&self) -> bool {
                *self == Self::default()
            }
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Option::deserialize(deserializer)?.unwrap_or_default())
            }
        }
    )* };
}

plain_fields!(bool, u32, u64, i32, i64, String);

impl<T: Serialize + for<'a> Deserialize<'a>> JsonField for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl<T: Serialize + for<'a> Deserialize<'a>> JsonField for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or_default())
    }
}

impl<T: Serialize + for<'a> Deserialize<'a>> JsonField for BTreeMap<String, T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries: Option<BTreeMap<String, Option<T>>> = Option::deserialize(deserializer)?;
        Ok(entries.unwrap_or_default().into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
    }
}

impl JsonField for Bytes {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_slice(self).map_err(|_| S::Error::custom(NOT_JSON))?;
        if !raw.get().contains('\n') {
            return raw.serialize(serializer);
        }
        let one_line = RawValue::from_string(raw.get().replace('\n', "")).map_err(|_| S::Error::custom(NOT_JSON))?;
        one_line.serialize(serializer)
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: Option<Box<RawValue>> = Option::deserialize(deserializer)?;
        Ok(raw.map(|raw| Self::from(Box::<str>::from(raw).into_boxed_bytes())).unwrap_or_default())
    }
}
