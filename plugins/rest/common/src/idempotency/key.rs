//! The key that a client sends, and the key that the node knows it by.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::OptionalFromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use sha2::{Digest as _, Sha256};

use super::{CallerScope, Digest};
use crate::rejection::Rejection;

const HEADER: &str = "idempotency-key";
const KEY_BYTES_MAX: usize = 255;

/// The digest of a key within its scope: 64 lower-case hex digits.
///
/// `Option<IdempotencyKey>` is an extractor of handlers under [`idempotent`](super::idempotent). It is fit to be a
/// publication's idempotency key, and says nothing about the caller or the key that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    pub(super) fn new(digest: &Digest) -> Self {
        Self(hex(digest).into())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// Reads the header: one, of 1 to 255 visible ASCII characters.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<&str>, Rejection> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    let is_visible = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_visible || key.len() > KEY_BYTES_MAX || values.next().is_some() {
        return Err(Rejection::invalid("Idempotency-Key", "must be one key of 1 to 255 visible ASCII characters"));
    }
    Ok(Some(key))
}

/// The digest of a key in its scope. Lengths stand before the parts, so that no two scopes run into one.
pub(super) fn scoped(scope: &CallerScope, method: &str, path: &str, key: &str) -> Digest {
    let mut hasher = Sha256::new();
    for part in [scope.tenant.as_str(), &scope.caller, method, path, key] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
