//! Values that occur everywhere: ids, times, "it is done", and fields that can be left out or cleared.

use std::fmt;

use natter_core::EntityId;
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// An id as a UUID of version 8. One of another form is no id at all: in a path not found, in a body invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = "uuid", example = "018f3c2a-9b1e-8f00-81a2-b3c4d5000000")]
pub(crate) struct ChatSdkId(pub(crate) EntityId);

impl From<EntityId> for ChatSdkId {
    fn from(id: EntityId) -> Self {
        Self(id)
    }
}

impl Serialize for ChatSdkId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_uuid())
    }
}

impl<'de> Deserialize<'de> for ChatSdkId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        EntityId::parse_uuid(&text).map(Self).ok_or_else(|| D::Error::custom("it is no id"))
    }
}

/// A time in Unix milliseconds, shown in ISO 8601 with milliseconds and `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2024-01-01T12:00:00.000Z")]
pub(crate) struct ChatSdkTime(pub(crate) i64);

impl fmt::Display for ChatSdkTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{time:.3}")
    }
}

impl Serialize for ChatSdkTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkSuccess {
    /// Always true.
    pub(crate) success: bool,
}

impl ChatSdkSuccess {
    pub(crate) fn json() -> axum::Json<Self> {
        axum::Json(Self { success: true })
    }
}

/// Reads a field that can be left out (`None`) or cleared with `null` (`Some(None)`).
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
