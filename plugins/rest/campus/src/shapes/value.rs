//! Values that occur everywhere: ids, times, the id of a socket, fields that can be left out or cleared.

use natter_core::EntityId;
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::errors::{Answer, Problem};

/// Characters of a socket's id.
const SOCKET_ID: std::ops::RangeInclusive<usize> = 16..=25;

/// An id: 24 hexadecimal digits, in either letter case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ToSchema)]
#[schema(as = Id, value_type = String, example = "68d51a529caa6111e7e801c7")]
pub(crate) struct CampusId(pub(crate) EntityId);

impl CampusId {
    /// Reads an id; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        EntityId::parse_hex(&text.to_ascii_lowercase()).map(Self)
    }

    /// Reads an id of a path or a query.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn read(field: &str, text: &str) -> Answer<EntityId> {
        Self::parse(text).map(|id| id.0).ok_or_else(|| Problem::invalid(field, "must be 24 hexadecimal digits"))
    }

    pub(crate) fn to_hex(self) -> String {
        self.0.to_hex()
    }
}

impl Serialize for CampusId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_hex())
    }
}

impl<'de> Deserialize<'de> for CampusId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("must be 24 hexadecimal digits"))
    }
}

/// A time in Unix milliseconds, shown in ISO 8601 with milliseconds and `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(as = Time, value_type = String, format = DateTime, example = "2025-10-01T09:32:15.000Z")]
pub(crate) struct CampusTime(pub(crate) i64);

impl Serialize for CampusTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        serializer.collect_str(&format_args!("{time:.3}"))
    }
}

/// The id of a socket of the caller: it gets no echo of the call.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
#[schema(as = SocketId, value_type = String, pattern = "^[A-Za-z0-9_-]{16,25}$", example = "u3C2x9asfB9vE5y8A6AD")]
pub(crate) struct CampusSocketId(pub(crate) String);

impl<'de> Deserialize<'de> for CampusSocketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        match is_plain && SOCKET_ID.contains(&text.len()) {
            true => Ok(Self(text)),
            false => Err(D::Error::custom("must be 16 to 25 letters, digits, '-' or '_'")),
        }
    }
}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Success)]
pub(crate) struct CampusSuccess {
    /// Always true.
    success: bool,
}

impl CampusSuccess {
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

/// Reads `true` and `false`, as such or as texts.
pub(crate) fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Either {
        Switch(bool),
        Text(String),
    }
    match Option::<Either>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Either::Switch(is_on)) => Ok(Some(is_on)),
        Some(Either::Text(text)) if text == "true" => Ok(Some(true)),
        Some(Either::Text(text)) if text == "false" => Ok(Some(false)),
        Some(Either::Text(_)) => Err(D::Error::custom("must be true or false")),
    }
}

/// Leaves a boolean out that is shown only as `true`.
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}
