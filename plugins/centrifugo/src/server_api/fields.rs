//! Fields that several methods have, in requests and in results.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use natter_core::{ClientInfo, Since};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::error::ApiError;

/// Reads `null` as the empty value.
pub(super) fn nullable<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Reads `null` as a value like any other: only an absent field is none.
pub(super) fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(from).map(Some)
}

/// A position in a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RequestedPosition {
    #[serde(deserialize_with = "nullable")]
    offset: u64,
    #[serde(deserialize_with = "nullable")]
    epoch: String,
}

impl From<RequestedPosition> for Since {
    fn from(position: RequestedPosition) -> Self {
        Self { offset: position.offset, epoch: position.epoch }
    }
}

/// Bytes that came as JSON or, which wins, as base64; `None` when neither is there.
///
/// # Errors
/// 107 when the base64 is malformed.
pub(super) fn bytes(json: Option<Box<RawValue>>, base64: &str) -> Result<Option<Bytes>, ApiError> {
    match base64.is_empty() {
        true => Ok(json.map(|json| Bytes::from(Box::<str>::from(json).into_boxed_bytes()))),
        false => STANDARD.decode(base64).map(|bytes| Some(bytes.into())).map_err(|_| ApiError::BAD_REQUEST),
    }
}

/// Bytes as the JSON that they are, if they are.
pub(super) fn as_json(bytes: &[u8]) -> Option<&RawValue> {
    serde_json::from_slice(bytes).ok()
}

/// A connection as results show it. Info that is no JSON is left out.
#[derive(Serialize)]
pub(super) struct ShownClient<'a> {
    user: &'a str,
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conn_info: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chan_info: Option<&'a RawValue>,
}

impl<'a> From<&'a ClientInfo> for ShownClient<'a> {
    fn from(info: &'a ClientInfo) -> Self {
        let (conn_info, chan_info) = (as_json(&info.conn_info), as_json(&info.chan_info));
        Self { user: &info.user, client: &info.client, conn_info, chan_info }
    }
}

/// The result of a method that says no more than that it has been done: `{}`.
#[derive(Serialize)]
pub(super) struct Done {}
