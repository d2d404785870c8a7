//! How much there is, and a checksum of it that does not depend on the order.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

use super::codec;
use super::entry::Entry;
use super::sink::Sink;
use crate::store::StoreError;

/// Counts and checksum of what a store or a backup holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Rows.
    pub rows: u64,
    /// Logs.
    pub logs: u64,
    /// Events.
    pub events: u64,
    /// Idempotency keys in force; not part of the checksum.
    pub keys: u64,
    /// The sum of the 128-bit hashes of all rows, logs and events.
    pub checksum: u128,
}

/// Bytes of a digest in a backup.
pub(super) const DIGEST_BYTES: usize = 4 * 8 + 16;

impl Digest {
    /// Takes an entry in.
    pub fn add(&mut self, entry: &Entry) {
        let count = match entry {
            Entry::RowFloor(_) => return,
            Entry::Key { .. } => {
                self.keys += 1;
                return;
            }
            Entry::Row(..) => &mut self.rows,
            Entry::Log(..) => &mut self.logs,
            Entry::Event { .. } => &mut self.events,
        };
        *count += 1;
        let mut bytes = Vec::with_capacity(entry.weight());
        codec::encode(entry, &mut bytes);
        self.checksum = self.checksum.wrapping_add(xxh3_128(&bytes));
    }

    /// Whether both hold the same, whatever has become of the keys.
    pub fn agrees(&self, other: &Self) -> bool {
        let content = |digest: &Self| (digest.rows, digest.logs, digest.events, digest.checksum);
        content(self) == content(other)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let counts = [self.rows, self.logs, self.events, self.keys];
        let mut bytes: Vec<u8> = counts.into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.extend_from_slice(&self.checksum.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; DIGEST_BYTES]) -> Option<Self> {
        let (checksum, counts) =
            bytes.split_last_chunk::<16>().map(|(rest, last)| (u128::from_le_bytes(*last), rest))?;
        let (numbers, _) = counts.as_chunks::<8>();
        let [rows, logs, events, keys] = *numbers.first_chunk::<4>()?;
        let [rows, logs, events, keys] = [rows, logs, events, keys].map(u64::from_le_bytes);
        Some(Self { rows, logs, events, keys, checksum })
    }
}

impl Sink for Digest {
    fn entry(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.add(&entry);
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, logs, events, keys, checksum } = self;
        write!(f, "{rows} rows, {logs} logs, {events} events, {keys} keys in force, checksum {checksum:032x}")
    }
}
