//! What a backend is asked about tracked keys (Centrifugo's `shared_poll_refresh`): no client stands behind it.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::ProxyError;
use super::answer::Outcome;

/// Largest answer about keys, in bytes: one question may be about thousands of values.
pub const KEYS_ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The keys of one question, of one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeysQuestion {
    /// The channel.
    pub channel: Arc<str>,
    /// The keys.
    pub items: Vec<KnownKey>,
}

/// A key, and the version that natter has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownKey {
    /// The key.
    pub key: Arc<str>,
    /// The version; 0, which is left out, when there is none or the backend does not count versions.
    #[serde(skip_serializing_if = "is_zero")]
    pub version: u64,
}

/// What the backend says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeysResult {
    /// The values that it has to say something about; all others are as they were.
    pub items: Vec<KeyState>,
    /// What the versions count in: another epoch voids all that was known.
    pub epoch: String,
}

/// A key's present state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyState {
    /// The key.
    pub key: String,
    /// Its value.
    pub data: Bytes,
    /// The value before it, if the backend tells: deltas can be made against it.
    pub previous: Bytes,
    /// The value's version; 0 for a backend that does not count versions.
    pub version: u64,
    /// Whether the key is gone, so that nobody tracks it any more.
    pub is_removed: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Wire {
    #[serde(default, deserialize_with = "nullable")]
    items: Vec<WireItem>,
    #[serde(default, deserialize_with = "nullable")]
    epoch: String,
}

#[derive(Debug, Deserialize)]
struct WireItem {
    key: String,
    #[serde(default, deserialize_with = "present")]
    data: Option<Box<RawValue>>,
    #[serde(default)]
    prev_data: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "nullable")]
    version: u64,
    #[serde(default, deserialize_with = "nullable")]
    removed: bool,
}

impl Outcome for KeysResult {
    type Wire = Wire;

    fn read(wire: Option<Wire>) -> Result<Self, ProxyError> {
        let Some(wire) = wire else { return Ok(Self::default()) };
        let items = wire.items.into_iter().map(|item| KeyState {
            key: item.key,
            data: item.data.map(bytes).unwrap_or_default(),
            previous: item.prev_data.map(bytes).unwrap_or_default(),
            version: item.version,
            is_removed: item.removed,
        });
        Ok(Self { items: items.collect(), epoch: wire.epoch })
    }
}

fn bytes(json: Box<RawValue>) -> Bytes {
    Bytes::from(Box::<str>::from(json).into_boxed_bytes())
}

/// Reads `null` as the empty value.
fn nullable<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Reads `null` as a value like any other.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(from).map(Some)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(version: &u64) -> bool {
    *version == 0
}
