//! The small values of the embedded engine: heads, idempotency rows, numbers and entity rows.
//!
//! Each begins with a format version, so that a later build can read what this one wrote.

use bytes::Bytes;
use natter_core::Epoch;

use crate::store::{LogHead, Row, Version};

const VERSION: u8 = 1;
/// What a head begins with while its log is being deleted. A build that does not know it takes the head for damage
/// rather than for a log.
const DELETING: u8 = 2;
/// What a head begins with behind whose numbers stand the newest version and the epoch's length.
const WITH_VERSION: u8 = 3;

/// A log's head as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredHead {
    /// What callers see.
    pub(super) head: LogHead,
    /// Every event below this offset has been deleted; those from here to `head.first_offset` still wait for it.
    pub(super) deleted_below: u64,
    /// Whether the log is being deleted: for callers it does not exist.
    pub(super) deleting: bool,
}

impl StoredHead {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self {
            head: LogHead { epoch, last_offset: 0, last_seq: 0, first_offset: 1, version: None },
            deleted_below: 1,
            deleting: false,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let epoch = self.head.epoch.as_str().as_bytes();
        let version = self.head.version.as_ref().filter(|_| !self.deleting);
        let mut value = Vec::with_capacity(33 + epoch.len());
        value.push(match version {
            Some(_) => WITH_VERSION,
            None if self.deleting => DELETING,
            None => VERSION,
        });
        for number in [self.head.first_offset, self.head.last_offset, self.head.last_seq, self.deleted_below] {
            value.extend_from_slice(&number.to_be_bytes());
        }
        if let Some((number, _)) = version {
            value.extend_from_slice(&number.to_be_bytes());
            value.extend_from_slice(&(epoch.len() as u64).to_be_bytes());
        }
        value.extend_from_slice(epoch);
        value.extend_from_slice(version.map_or("", |(_, epoch)| epoch).as_bytes());
        value
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let (&format, rest) = value.split_first()?;
        let deleting = format == DELETING;
        let (first_offset, rest) = take_u64(Some(rest).filter(|_| (VERSION..=WITH_VERSION).contains(&format))?)?;
        let (last_offset, rest) = take_u64(rest)?;
        let (last_seq, rest) = take_u64(rest)?;
        let (deleted_below, rest) = take_u64(rest)?;
        let (version, epoch) = if format == WITH_VERSION { take_version(rest)? } else { (None, rest) };
        let epoch = Epoch::new(std::str::from_utf8(epoch).ok()?);
        // A head that lets the numbering begin below 1 or after its end is damage, not an empty log.
        let sound = first_offset >= 1 && first_offset <= last_offset.checked_add(1)? && deleted_below <= first_offset;
        let head = LogHead { epoch, last_offset, last_seq, first_offset, version };
        sound.then_some(Self { head, deleted_below, deleting })
    }
}

/// Where the first publication with an idempotency key stands, and until when the key answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StoredKey {
    pub(super) offset: u64,
    pub(super) expires_ms: i64,
}

impl StoredKey {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut value = Vec::with_capacity(17);
        value.push(VERSION);
        value.extend_from_slice(&self.offset.to_be_bytes());
        value.extend_from_slice(&self.expires_ms.to_be_bytes());
        value
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let (offset, rest) = take_u64(versioned(value)?)?;
        let (expires, rest) = take_u64(rest)?;
        rest.is_empty().then_some(Self { offset, expires_ms: expires.cast_signed() })
    }
}

/// Writes an offset or a counter.
pub(super) fn encode_number(number: u64) -> Vec<u8> {
    let mut value = Vec::with_capacity(9);
    value.push(VERSION);
    value.extend_from_slice(&number.to_be_bytes());
    value
}

/// Reads an offset or a counter.
pub(super) fn decode_number(value: &[u8]) -> Option<u64> {
    take_u64(versioned(value)?).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

/// Writes a row's version and value.
pub(super) fn encode_row(row: &Row) -> Vec<u8> {
    let mut value = Vec::with_capacity(9 + row.value.len());
    value.push(VERSION);
    value.extend_from_slice(&row.version.to_be_bytes());
    value.extend_from_slice(&row.value);
    value
}

/// Reads a row.
pub(super) fn decode_row(value: &[u8]) -> Option<Row> {
    let (version, rest) = take_u64(versioned(value)?)?;
    Some(Row { version, value: Bytes::copy_from_slice(rest) })
}

fn versioned(value: &[u8]) -> Option<&[u8]> {
    value.split_first().filter(|(version, _)| **version == VERSION).map(|(_, rest)| rest)
}

fn take_u64(value: &[u8]) -> Option<(u64, &[u8])> {
    value.split_first_chunk().map(|(number, rest)| (u64::from_be_bytes(*number), rest))
}

/// A version, and the text of the log's epoch that stands in its middle.
fn take_version(value: &[u8]) -> Option<(Option<Version>, &[u8])> {
    let (number, rest) = take_u64(value)?;
    let (length, rest) = take_u64(rest)?;
    let (epoch, version_epoch) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Some((number, std::str::from_utf8(version_epoch).ok()?.into())), epoch))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A head as it was first written, without a version; it must stay readable for ever.
    const RECORDED: &[u8] = &[
        1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2, b'e', b'p',
        b'o', b'c', b'h',
    ];

    #[test]
    fn heads_without_a_version_stay_readable() {
        let head = LogHead { epoch: Epoch::new("epoch"), last_offset: 9, last_seq: 8, first_offset: 3, version: None };
        let stored = StoredHead { head, deleted_below: 2, deleting: false };
        assert_eq!(StoredHead::decode(RECORDED), Some(stored.clone()));
        assert_eq!(stored.encode(), RECORDED);
    }

    proptest! {
        #[test]
        fn heads_come_back(
            epoch in "[A-Za-z]{1,8}",
            last in 0..u64::MAX,
            gap in 0..100_u64,
            last_seq: u64,
            version in proptest::option::of((any::<u64>(), ".{0,9}")),
            deleting: bool,
        ) {
            let mut stored = StoredHead::new(Epoch::new(&*epoch));
            stored.head.last_offset = last;
            stored.head.last_seq = last_seq;
            stored.deleting = deleting;
            stored.head.version = version.filter(|_| !deleting).map(|(number, epoch)| (number, epoch.into()));
            stored.head.first_offset = (last + 1).saturating_sub(gap).max(1);
            prop_assert_eq!(StoredHead::decode(&stored.encode()), Some(stored));
        }

        #[test]
        fn keys_come_back(offset: u64, expires_ms: i64) {
            let stored = StoredKey { offset, expires_ms };
            prop_assert_eq!(StoredKey::decode(&stored.encode()), Some(stored));
        }

        #[test]
        fn numbers_come_back(number: u64) {
            prop_assert_eq!(decode_number(&encode_number(number)), Some(number));
        }

        #[test]
        fn rows_come_back(version: u64, value: Vec<u8>) {
            let row = Row { version, value: Bytes::from(value) };
            prop_assert_eq!(decode_row(&encode_row(&row)), Some(row));
        }

        #[test]
        fn damage_is_an_answer(value: Vec<u8>) {
            let _ = StoredHead::decode(&value);
            let _ = StoredKey::decode(&value);
            let _ = decode_number(&value);
            let _ = decode_row(&value);
        }
    }
}
