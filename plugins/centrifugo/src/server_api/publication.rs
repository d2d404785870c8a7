//! What the methods that publish are sent: the same publication, with a few fields more for each of them.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::{Draft, Tags};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::ApiError;
use super::fields::{bytes, nullable, present};

/// Longest idempotency key in bytes, which is what stores take.
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Longest epoch of a version in bytes, likewise.
const VERSION_EPOCH_BYTES_MAX: usize = 255;

/// The request of `publish`, `broadcast`, `map_publish` and `shared_poll_publish`. Each reads those of the
/// fields that it knows. They are one list, since with a flattened one serde no longer says where a request is wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PublicationRequest {
    #[serde(deserialize_with = "nullable")]
    pub(super) channel: String,
    /// Of `broadcast`.
    #[serde(deserialize_with = "nullable")]
    pub(super) channels: Vec<String>,
    /// Of a map or a shared poll.
    #[serde(deserialize_with = "nullable")]
    pub(super) key: String,
    #[serde(deserialize_with = "present")]
    pub(super) data: Option<Box<RawValue>>,
    #[serde(deserialize_with = "nullable")]
    pub(super) b64data: String,
    /// Of a stream.
    #[serde(deserialize_with = "nullable")]
    pub(super) skip_history: bool,
    #[serde(deserialize_with = "nullable")]
    pub(super) tags: Tags,
    #[serde(deserialize_with = "nullable")]
    pub(super) idempotency_key: String,
    #[serde(deserialize_with = "nullable")]
    pub(super) delta: bool,
    #[serde(deserialize_with = "nullable")]
    pub(super) version: u64,
    #[serde(deserialize_with = "nullable")]
    pub(super) version_epoch: String,
    /// What the version of a shared poll's key counts in.
    #[serde(deserialize_with = "nullable")]
    pub(super) epoch: String,
    /// Of a map.
    #[serde(deserialize_with = "nullable")]
    pub(super) score: i64,
    /// Of a map.
    #[serde(deserialize_with = "nullable")]
    pub(super) key_mode: String,
}

impl PublicationRequest {
    /// The payload; empty when there is none.
    ///
    /// # Errors
    /// 107 when the base64 is malformed.
    pub(super) fn take_data(&mut self) -> Result<Bytes, ApiError> {
        Ok(bytes(self.data.take(), &self.b64data)?.unwrap_or_default())
    }

    /// What is published, taken out of the request.
    ///
    /// # Errors
    /// 107 when the base64 is malformed, or the idempotency key or the version's epoch too long.
    pub(super) fn take_draft(&mut self) -> Result<Draft, ApiError> {
        let version_epoch = std::mem::take(&mut self.version_epoch);
        if version_epoch.len() > VERSION_EPOCH_BYTES_MAX {
            return Err(ApiError::BAD_REQUEST);
        }
        Ok(Draft {
            data: self.take_data()?,
            tags: Some(std::mem::take(&mut self.tags)).filter(|tags| !tags.is_empty()).map(Arc::new),
            idempotency_key: idempotency_key(std::mem::take(&mut self.idempotency_key))?,
            skip_history: self.skip_history,
            delta: self.delta,
            version: (self.version > 0).then(|| (self.version, version_epoch.into())),
            ..Draft::default()
        })
    }
}

/// An idempotency key, if there is one.
///
/// # Errors
/// 107 when it is too long.
pub(super) fn idempotency_key(key: String) -> Result<Option<Arc<str>>, ApiError> {
    match key.len() {
        0 => Ok(None),
        length if length > IDEMPOTENCY_KEY_BYTES_MAX => Err(ApiError::BAD_REQUEST),
        _ => Ok(Some(key.into())),
    }
}
