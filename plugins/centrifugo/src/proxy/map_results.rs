//! What a backend says of a key that a client sets or removes (sections 8 and 13).

use std::sync::Arc;

use natter_core::{KeyMode, KeyedDraft, KeyedRequest, Tags};

use super::answer::Outcome;
use super::wire::Wire;
use super::{ProxyError, PublishResult};
use crate::key_mode::key_mode;

/// A key may be set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapPublishResult {
    /// The key in place of the client's; empty keeps that one.
    pub key: String,
    /// When it is set.
    pub mode: KeyMode,
    /// Its place in an ordered channel.
    pub score: i64,
    /// What it has in common with a publication.
    pub content: PublishResult,
}

/// A key may be removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapRemoveResult {
    /// The key in place of the client's; empty keeps that one.
    pub key: String,
    /// Labels of the removal; without them it has those of the value.
    pub tags: Tags,
    /// A repeat with the same one removes nothing; empty is none.
    pub idempotency_key: String,
}

impl MapPublishResult {
    /// Changes what a client wants as the backend wants it.
    pub fn apply(self, wanted: &mut KeyedDraft) {
        if !self.key.is_empty() {
            wanted.key = self.key.into();
        }
        (wanted.mode, wanted.score) = (self.mode, self.score);
        self.content.apply(&mut wanted.draft);
        wanted.version = wanted.draft.version.take();
    }
}

impl MapRemoveResult {
    /// The removal of a client's key as the backend wants it.
    pub fn removal_of(self, key: Arc<str>) -> KeyedRequest {
        KeyedRequest::Remove {
            key: if self.key.is_empty() { key } else { self.key.into() },
            idempotency_key: Some(self.idempotency_key).filter(|key| !key.is_empty()).map(Arc::from),
            expected: None,
            tags: Some(self.tags).filter(|tags| !tags.is_empty()).map(Arc::new),
        }
    }
}

impl Outcome for MapPublishResult {
    type Wire = Wire;

    fn read(wire: Option<Wire>) -> Result<Self, ProxyError> {
        let Some(mut wire) = wire else { return Ok(Self::default()) };
        let mode = wire.key_mode.take().unwrap_or_default();
        Ok(Self {
            key: wire.key.take().unwrap_or_default(),
            mode: key_mode(&mode).ok_or_else(|| ProxyError::Malformed(format!("no key_mode {mode:?}")))?,
            score: wire.score.take().unwrap_or_default(),
            content: PublishResult::read(Some(wire))?,
        })
    }
}

impl Outcome for MapRemoveResult {
    type Wire = Wire;

    fn read(wire: Option<Wire>) -> Result<Self, ProxyError> {
        let wire = wire.unwrap_or_default();
        Ok(Self {
            key: wire.key.unwrap_or_default(),
            tags: wire.tags.unwrap_or_default(),
            idempotency_key: wire.idempotency_key.unwrap_or_default(),
        })
    }
}
