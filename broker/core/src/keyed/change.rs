//! Setting and removing keys.

use std::sync::Arc;

use bytes::Bytes;

use super::answer::{KeyedChange, Suppressed};
use super::page::tags_weight;
use super::request::{KeyMode, KeyedDraft};
use super::{KEY_BYTES_MAX, Keyed, KeyedOptions};
use crate::channel::Channel;
use crate::effects::{Published, Refusal};
use crate::input::Draft;
use crate::stream::Since;
use crate::{ClientInfo, Epoch, MESSAGE, Publication, Tags};

impl<R> Channel<R> {
    pub(super) fn keyed_options(&self) -> KeyedOptions {
        self.options.keyed.unwrap_or_default()
    }

    /// The life of the channel's state.
    pub(crate) fn epoch(&self) -> Option<&Epoch> {
        let of_stream = self.stream.as_ref().map(|stream| &stream.epoch);
        of_stream.or_else(|| self.keyed.as_ref().map(|keyed| &keyed.epoch))
    }

    /// The outcome of a change at the channel's present position.
    fn outcome(&self, suppressed: Option<Suppressed>) -> Result<KeyedChange, Refusal> {
        let epoch = self.epoch().cloned().ok_or(Refusal::NotAvailable)?;
        Ok(KeyedChange { offset: self.stream.as_ref().map_or(0, |stream| stream.top), epoch, suppressed })
    }

    /// Sets a key.
    pub(super) fn set_key(&mut self, wanted: KeyedDraft, now: i64) -> Result<KeyedChange, Refusal> {
        let KeyedDraft { key, draft, mode, refreshes_ttl, version, expected, score } = wanted;
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(Refusal::BadRequest);
        }
        if self.stream.is_none() && (version.is_some() || expected.is_some()) {
            return Err(Refusal::BadRequest);
        }
        if let Some(first) = self.repeats(&idempotent(&draft.idempotency_key), now) {
            return self.repeated_key(first);
        }
        if let Some(suppressed) = self.suppresses(&key, mode, version.as_ref(), expected.as_ref()) {
            let options = self.keyed_options();
            if let Some(keyed) = self.keyed.as_mut().filter(|_| suppressed == Suppressed::KeyExists && refreshes_ttl) {
                keyed.refresh(&key, now, &options);
            }
            return self.outcome(Some(suppressed));
        }
        self.put(key, &draft, version, score, now)?;
        let changed = self.outcome(None)?;
        self.remember(&idempotent(&draft.idempotency_key), changed.offset, now);
        Ok(changed)
    }

    /// Removes a key.
    pub(super) fn remove_key(
        &mut self,
        key: &Arc<str>,
        idempotency_key: Option<Arc<str>>,
        expected: Option<&Since>,
        tags: Option<Arc<Tags>>,
        now: i64,
    ) -> Result<KeyedChange, Refusal> {
        if key.is_empty() || (self.stream.is_none() && expected.is_some()) {
            return Err(Refusal::BadRequest);
        }
        let draft = idempotent(&idempotency_key);
        if let Some(first) = self.repeats(&draft, now) {
            return self.repeated_key(first);
        }
        if expected.is_some_and(|expected| !self.stands_at(key, expected)) {
            return self.outcome(Some(Suppressed::PositionMismatch));
        }
        if !self.drop_key(key, tags, now) {
            return self.outcome(Some(Suppressed::KeyNotFound));
        }
        let changed = self.outcome(None)?;
        self.remember(&draft, changed.offset, now);
        Ok(changed)
    }

    /// Sets a key for somebody who is present, or lets one that is there live on as long as they are.
    pub(super) fn hold_key(&mut self, key: Arc<str>, info: Option<Arc<ClientInfo>>, now: i64) {
        let options = self.keyed_options();
        let is_new = self.keyed.as_ref().is_some_and(|keyed| !keyed.entries.contains_key(&key));
        let draft = Draft { info, ..Draft::default() };
        // Who finds no room is present without being listed.
        if is_new && self.put(Arc::clone(&key), &draft, None, 0, now).is_err() {
            return;
        }
        let Some(keyed) = &mut self.keyed else { return };
        if let Some(entry) = keyed.entries.get_mut(&key) {
            entry.holders = entry.holders.saturating_add(1);
        }
        keyed.refresh(&key, now, &options);
    }

    /// Gives up what was held; the last one to do so takes the key along, or lets it expire.
    pub(super) fn release_key(&mut self, key: &Arc<str>, removes: bool, now: i64) {
        let options = self.keyed_options();
        let Some(keyed) = &mut self.keyed else { return };
        let Some(entry) = keyed.entries.get_mut(key) else { return };
        entry.holders = entry.holders.saturating_sub(1);
        if entry.holders > 0 {
            return;
        }
        match removes {
            true => {
                self.drop_key(key, None, now);
            }
            false => keyed.refresh(key, now, &options),
        }
    }

    /// Removes the keys that have expired.
    pub(crate) fn expire_keys(&mut self, now: i64) {
        while let Some(key) = self.keyed.as_ref().and_then(|keyed| keyed.expired(now)) {
            self.drop_key(&key, None, now);
        }
        if let Some(keyed) = &mut self.keyed {
            keyed.forget_recent(now);
        }
    }

    fn repeated_key(&self, first: Published) -> Result<KeyedChange, Refusal> {
        let outcome = self.outcome(Some(Suppressed::Idempotency))?;
        Ok(KeyedChange { offset: first.offset, ..outcome })
    }

    /// Why a key is not to be set.
    fn suppresses(
        &self,
        key: &Arc<str>,
        mode: KeyMode,
        version: Option<&(u64, Arc<str>)>,
        expected: Option<&Since>,
    ) -> Option<Suppressed> {
        let entry = self.keyed.as_ref().and_then(|keyed| keyed.entries.get(key));
        let known = entry.and_then(|entry| entry.version.as_ref());
        let is_old = known.zip(version).is_some_and(|((newest, newest_epoch), (version, epoch))| {
            version <= newest && (epoch.is_empty() || epoch == newest_epoch)
        });
        match mode {
            _ if is_old => Some(Suppressed::Version),
            KeyMode::IfNew if entry.is_some() => Some(Suppressed::KeyExists),
            KeyMode::IfExists if entry.is_none() => Some(Suppressed::KeyNotFound),
            _ if expected.is_some_and(|expected| !self.stands_at(key, expected)) => Some(Suppressed::PositionMismatch),
            _ => None,
        }
    }

    /// Whether a key's value stands at a position.
    fn stands_at(&self, key: &Arc<str>, position: &Since) -> bool {
        let entry = self.keyed.as_ref().and_then(|keyed| keyed.entries.get(key));
        let is_epoch = self.epoch().is_some_and(|epoch| epoch.as_str() == position.epoch);
        is_epoch && entry.is_some_and(|entry| entry.publication.offset == position.offset)
    }

    fn put(
        &mut self,
        key: Arc<str>,
        draft: &Draft,
        version: Option<(u64, Arc<str>)>,
        score: i64,
        now: i64,
    ) -> Result<(), Refusal> {
        let options = self.keyed_options();
        let Some(keyed) = &self.keyed else { return Err(Refusal::NotAvailable) };
        let old = keyed.entries.get(&key).filter(|_| draft.delta);
        let previous = old.map(|old| old.publication.data.clone());
        let bytes = draft.data.len() + previous.as_ref().map_or(0, Bytes::len) + tags_weight(draft.tags.as_deref());
        if !keyed.has_room(&key, bytes + key.len(), &options) {
            return Err(Refusal::TooManyKeys);
        }
        let change = Keyed { key: Arc::clone(&key), removed: false, score, previous };
        let publication = self.change(draft, change, now);
        if let Some(keyed) = &mut self.keyed {
            keyed.set(&key, publication, version, now, &options);
        }
        Ok(())
    }

    /// Takes a key out, and tells the subscribers. False when it is not there.
    fn drop_key(&mut self, key: &Arc<str>, tags: Option<Arc<Tags>>, now: i64) -> bool {
        let Some(entry) = self.keyed.as_mut().and_then(|keyed| keyed.take(key)) else { return false };
        let tags = tags.or_else(|| entry.publication.tags.clone());
        let draft = Draft { tags, ..Draft::default() };
        let score = entry.publication.keyed.as_ref().map_or(0, |keyed| keyed.score);
        self.change(&draft, Keyed { key: Arc::clone(key), removed: true, score, previous: None }, now);
        true
    }

    /// Numbers a change and sends it on its way to the subscribers.
    fn change(&mut self, draft: &Draft, keyed: Keyed, now: i64) -> Arc<Publication> {
        let options = self.keyed_options();
        let offset = self.stream.as_ref().map_or(0, |stream| stream.top + 1);
        let seq = match (offset, &self.keyed) {
            (0, Some(keyed)) => keyed.change + 1,
            _ => offset,
        };
        let publication = Arc::new(Publication {
            offset,
            seq,
            kind: MESSAGE,
            time_ms: now,
            data: draft.data.clone(),
            info: draft.info.clone(),
            tags: draft.tags.clone(),
            delta: draft.delta,
            keyed: Some(Arc::new(keyed)),
        });
        if let Some(keyed) = &mut self.keyed {
            keyed.change = seq;
            if offset == 0 {
                keyed.note_recent(&publication, now, &options);
            }
        }
        self.release(Arc::clone(&publication));
        publication
    }
}

/// What the channel's window of idempotency keys looks at.
fn idempotent(idempotency_key: &Option<Arc<str>>) -> Draft {
    Draft { idempotency_key: idempotency_key.clone(), ..Draft::default() }
}
