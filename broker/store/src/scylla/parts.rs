//! How an append is cut into batches. Pure.
//!
//! A batch stays in one bucket, has at most 256 rows beside that of its version and, unless it is a single event, at most 512 KiB.

use std::sync::Arc;

use natter_core::EntityId;

use super::layout::bucket_of;
use crate::limits::refused;
use crate::record;
use crate::store::{LogAppend, StoreError, Version};

const ROWS_MAX: usize = 256;
const BYTES_MAX: usize = 512 * 1024;
/// What a row costs beside its value, as a round number above what is sent.
const ROW_BYTES: usize = 128;

/// An event as it is stored.
#[derive(Debug)]
pub(super) struct Event {
    /// Its place in the append.
    pub(super) index: usize,
    pub(super) offset: u64,
    pub(super) seq: u64,
    pub(super) value: Vec<u8>,
    pub(super) key: Option<Arc<str>>,
    pub(super) id: Option<EntityId>,
    pub(super) version: Option<Version>,
}

impl Event {
    fn rows(&self) -> usize {
        1 + usize::from(self.key.is_some()) + usize::from(self.id.is_some())
    }

    fn bytes(&self) -> usize {
        self.value.len() + self.key.as_deref().map_or(0, str::len) + self.rows() * ROW_BYTES
    }
}

/// Consecutive events that are written together.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) bucket: u64,
    /// Where the log ends before it.
    pub(super) last_offset: u64,
    /// The last message before it.
    pub(super) last_seq: u64,
    /// At least one.
    pub(super) events: Vec<Event>,
    /// The version of its newest event that has one.
    pub(super) version: Option<Version>,
    rows: usize,
    bytes: usize,
}

impl Part {
    fn new(bucket: u64, last_offset: u64, last_seq: u64) -> Self {
        Self { bucket, last_offset, last_seq, events: Vec::new(), version: None, rows: 0, bytes: 0 }
    }

    fn admits(&self, event: &Event) -> bool {
        self.bucket == bucket_of(event.offset)
            && self.rows + event.rows() <= ROWS_MAX
            && self.bytes + event.bytes() <= BYTES_MAX
    }

    fn push(&mut self, mut event: Event) {
        self.version = event.version.take().or(self.version.take());
        self.rows += event.rows();
        self.bytes += event.bytes();
        self.events.push(event);
    }
}

/// Puts an event, which follows the message `last_seq`, into the last part, or into a new one.
pub(super) fn push_event(parts: &mut Vec<Part>, event: Event, last_seq: u64) {
    match parts.last_mut() {
        Some(part) if part.admits(&event) => part.push(event),
        _ => {
            let mut part = Part::new(bucket_of(event.offset), event.offset.saturating_sub(1), last_seq);
            part.push(event);
            parts.push(part);
        }
    }
}

/// Cuts an append, whose first event follows the message `seq_before`.
pub(super) fn parts_of(append: &LogAppend, seq_before: u64) -> Result<Vec<Part>, StoreError> {
    let mut parts: Vec<Part> = Vec::new();
    let mut last_seq = seq_before;
    for (index, record) in append.records.iter().enumerate() {
        let value = record::encode(record).map_err(|error| refused(error.to_string()))?;
        let (offset, seq) = (record.publication.offset, record.publication.seq);
        let (key, version) = (record.idempotency_key.clone(), record.version.clone());
        let event = Event { index, offset, seq, value, key, id: record.id, version };
        push_event(&mut parts, event, last_seq);
        last_seq = seq;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use natter_core::{ChannelKey, LogRecord, Publication, TenantId};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::scylla::layout::bucket_end;

    fn append(last: u64, sizes: &[(usize, bool, bool)]) -> LogAppend {
        let records = sizes.iter().zip(last + 1..).map(|(&(size, key, id), offset)| LogRecord {
            publication: Arc::new(Publication {
                offset,
                seq: offset,
                data: vec![7; size].into(),
                ..Publication::default()
            }),
            idempotency_key: key.then(|| Arc::from(offset.to_string())),
            id: id.then(|| EntityId::new(offset, 0)),
            version: id.then(|| (offset, Arc::from("era"))),
        });
        let channel = ChannelKey::new(TenantId::new("acme"), "news");
        LogAppend { channel, expected_last_offset: last, records: records.collect() }
    }

    proptest! {
        #[test]
        fn parts_keep_every_rule(last in 0..3000_u64, sizes in vec((0..20_000_usize, any::<bool>(), any::<bool>()), 1..256)) {
            let parts = parts_of(&append(last, &sizes), last).unwrap();
            let offsets: Vec<u64> = parts.iter().flat_map(|part| part.events.iter().map(|event| event.offset)).collect();
            prop_assert_eq!(offsets, (last + 1..=last + sizes.len() as u64).collect::<Vec<_>>());
            for part in &parts {
                prop_assert_eq!(part.events[0].offset, part.last_offset + 1);
                prop_assert_eq!(part.last_seq, part.last_offset);
                prop_assert!(part.events.iter().all(|event| bucket_of(event.offset) == part.bucket));
                let newest = part.events.iter().rev().find(|event| event.id.is_some()).map(|event| event.offset);
                prop_assert_eq!(part.version.as_ref().map(|(number, _)| *number), newest);
                prop_assert!(part.events.iter().map(Event::rows).sum::<usize>() <= ROWS_MAX);
                prop_assert!(part.events.len() == 1 || part.events.iter().map(Event::bytes).sum::<usize>() <= BYTES_MAX);
            }
            for pair in parts.windows(2) {
                let borders = pair[0].bucket != pair[1].bucket;
                prop_assert!(!borders || pair[0].events.last().unwrap().offset == bucket_end(pair[0].bucket));
            }
        }
    }

    #[test]
    fn one_large_event_is_a_part() {
        let parts = parts_of(&append(0, &[(2_000_000, true, true)]), 0).unwrap();
        assert_eq!(parts.len(), 1);
    }
}
