//! Where things stand: buckets, clustering keys, slices of the index. Pure arithmetic.

use xxhash_rust::xxh3::xxh3_64;

/// Events of a bucket, the partition of a log. Part of the format.
pub(super) const BUCKET_EVENTS: u64 = 1024;
/// Partitions over which the index of a log is spread. Part of the format.
pub(super) const SLICES: i8 = 32;

/// What a row of a bucket leads from, when it is neither an event (0) nor the version of the newest event that has one, in
/// the bucket or before it (3). Part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub(super) enum RowKind {
    /// An idempotency key.
    Key = 1,
    /// An event's id.
    Id = 2,
}

impl RowKind {
    pub(super) fn column(self) -> i8 {
        self as i8
    }
}

/// The bucket that the event at `offset` (from 1) is in.
pub(super) fn bucket_of(offset: u64) -> u64 {
    offset.saturating_sub(1) / BUCKET_EVENTS
}

/// The bucket that the event after `last_offset` goes into.
pub(super) fn next_bucket(last_offset: u64) -> u64 {
    last_offset / BUCKET_EVENTS
}

/// The offset before a bucket's first event: where the log ends when the bucket is about to be opened.
pub(super) fn bucket_start(bucket: u64) -> u64 {
    bucket.saturating_mul(BUCKET_EVENTS)
}

/// The offset of a bucket's last event, once it is full.
pub(super) fn bucket_end(bucket: u64) -> u64 {
    bucket_start(bucket).saturating_add(BUCKET_EVENTS)
}

/// The clustering key of an event: sorts as its offset does.
pub(super) fn event_key(offset: u64) -> Vec<u8> {
    offset.to_be_bytes().to_vec()
}

/// The offset that a clustering key of an event holds.
pub(super) fn event_offset(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// The partition of the index that holds a key.
pub(super) fn slice_of(key: &[u8]) -> i8 {
    // Below SLICES, which a tinyint holds.
    (xxh3_64(key) % u64::from(SLICES.unsigned_abs())) as i8
}

/// A number as a CQL bigint. Numbers of a log do not come near its end.
pub(super) fn to_bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A CQL bigint as a number; what is negative means something else and reads as 0.
pub(super) fn from_bigint(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_border_where_they_should() {
        assert_eq!([1, 1024, 1025, 2048, 2049].map(bucket_of), [0, 0, 1, 1, 2]);
        assert_eq!([0, 1023, 1024, 2047, 2048].map(next_bucket), [0, 0, 1, 1, 2]);
        assert_eq!((bucket_start(1), bucket_end(1)), (1024, 2048));
    }

    proptest! {
        #[test]
        fn event_keys_sort_and_come_back(one: u64, two: u64) {
            prop_assert_eq!(event_key(one).cmp(&event_key(two)), one.cmp(&two));
            prop_assert_eq!(event_offset(&event_key(one)), Some(one));
        }

        #[test]
        fn slices_are_within_their_number(key: Vec<u8>) {
            prop_assert!((0..SLICES).contains(&slice_of(&key)));
        }
    }
}
