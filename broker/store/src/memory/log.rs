//! One channel's log in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use natter_core::{EntityId, Epoch, MESSAGE, Position, Publication};

use crate::limits::{ByteBudget, READ_EVENTS_MAX, event_bytes, seq_before, wrong_seq};
use crate::store::{AppendOutcome, IDEMPOTENCY_TTL_MS, LogAppend, LogHead, ReadDirection, ReadRequest, StoreError};

/// The kept events of a log in order, with its counters and the keys that guard it against repeats.
pub(super) struct MemoryLog {
    head: LogHead,
    events: VecDeque<Arc<Publication>>,
    keys: HashMap<Arc<str>, StoredKey>,
    ids: HashMap<EntityId, u64>,
}

struct StoredKey {
    offset: u64,
    expires_ms: i64,
}

impl MemoryLog {
    pub(super) fn new(epoch: Epoch) -> Self {
        let head = LogHead { epoch, last_offset: 0, last_seq: 0, first_offset: 1, version: None };
        Self { head, events: VecDeque::new(), keys: HashMap::new(), ids: HashMap::new() }
    }

    pub(super) fn head(&self) -> &LogHead {
        &self.head
    }

    pub(super) fn append(&mut self, append: LogAppend, now_ms: i64) -> Result<AppendOutcome, StoreError> {
        if append.expected_last_offset != self.head.last_offset {
            return Ok(AppendOutcome::Conflict(self.head.clone()));
        }
        if seq_before(&append) != self.head.last_seq {
            return Err(wrong_seq(seq_before(&append), self.head.last_seq));
        }
        if let Some((index, offset)) = self.first_repeat(&append, now_ms) {
            let position = Position { offset, epoch: self.head.epoch.clone() };
            return Ok(AppendOutcome::Duplicate { index, position });
        }
        for record in append.records {
            self.head.last_offset = record.publication.offset;
            self.head.last_seq = record.publication.seq;
            if let Some(key) = record.idempotency_key {
                let expires_ms = now_ms.saturating_add(IDEMPOTENCY_TTL_MS);
                self.keys.insert(key, StoredKey { offset: record.publication.offset, expires_ms });
            }
            if record.version.is_some() {
                self.head.version = record.version;
            }
            if let Some(id) = record.id {
                self.ids.insert(id, record.publication.offset);
            }
            self.events.push_back(record.publication);
        }
        Ok(AppendOutcome::Appended)
    }

    fn first_repeat(&self, append: &LogAppend, now_ms: i64) -> Option<(usize, u64)> {
        let mut fresh: HashMap<&str, u64> = HashMap::new();
        for (index, record) in append.records.iter().enumerate() {
            let Some(key) = record.idempotency_key.as_deref() else { continue };
            let stored = self.keys.get(key).filter(|stored| now_ms < stored.expires_ms).map(|stored| stored.offset);
            if let Some(offset) = stored.or_else(|| fresh.get(key).copied()) {
                return Some((index, offset));
            }
            fresh.insert(key, record.publication.offset);
        }
        None
    }

    pub(super) fn read(&self, request: &ReadRequest) -> Vec<Publication> {
        let limit = request.limit.min(READ_EVENTS_MAX);
        let mut budget = ByteBudget::new(request.max_bytes);
        let within = |event: &&Arc<Publication>| budget.admits(event_bytes(event));
        let owned = |event: &Arc<Publication>| Publication::clone(event);
        match request.direction {
            ReadDirection::Forward => {
                let start = self.events.partition_point(|event| event.offset < request.from_offset);
                self.events.range(start..).take(limit).take_while(within).map(owned).collect()
            }
            ReadDirection::Backward => {
                let end = self.events.partition_point(|event| event.offset <= request.from_offset);
                self.events.range(..end).rev().take(limit).take_while(within).map(owned).collect()
            }
        }
    }

    pub(super) fn find_by_id(&self, id: EntityId) -> Option<u64> {
        self.ids.get(&id).copied()
    }

    pub(super) fn find_seq(&self, seq: u64) -> Option<u64> {
        // Later events repeat a message's number, so the first that has it is the message, if that is kept.
        let first = self.events.get(self.events.partition_point(|event| event.seq < seq))?;
        (first.seq == seq && first.kind == MESSAGE).then_some(first.offset)
    }

    pub(super) fn trim(&mut self, first_offset: u64) {
        let first = first_offset.min(self.head.last_offset.saturating_add(1));
        if first > self.head.first_offset {
            self.head.first_offset = first;
            let forgotten = self.events.partition_point(|event| event.offset < first);
            self.events.drain(..forgotten);
            self.ids.retain(|_, offset| *offset >= first);
        }
    }
}
