//! The record: one publication as the store keeps it and as nodes pass it on.
//!
//! Layout: one byte of format version, four bytes of checksum (little-endian, over the version and all that follows), then
//! the record as an rkyv archive. The archive does not describe itself, so every change of [`Record`] takes a new version
//! number, and a reader keeps the code for every version that was ever written: old logs stay readable. A reader never
//! trusts the bytes: checksum first, then rkyv's checked access.

use rkyv::rancor;
use rkyv::util::AlignedVec;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Version that [`encode`] writes.
const VERSION: u8 = 1;
/// Bytes before the archive: the version and the checksum.
const HEADER_BYTES: usize = 1 + size_of::<u32>();

/// One publication of a channel, with what is needed to show it to every kind of client.
#[derive(Clone, Debug, Default, PartialEq, Eq, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
pub struct Record {
    /// Number in the channel, from 1.
    pub seq: u64,
    /// Unix time of acceptance in milliseconds.
    pub time_ms: i64,
    /// What the record is, as the layer above numbers it.
    pub kind: u8,
    /// Body, as it was published.
    pub data: Vec<u8>,
    /// Publisher, when a client published.
    pub info: Option<RecordClientInfo>,
    /// Tags, in the order of their names.
    pub tags: Vec<(String, String)>,
    /// True when subscribers may get it as a patch of its predecessor.
    pub delta: bool,
    /// Key by which a repeat of the publish call is recognised.
    pub idempotency_key: Option<String>,
}

/// The publisher of a [`Record`].
#[derive(Clone, Debug, Default, PartialEq, Eq, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
pub struct RecordClientInfo {
    /// User id; empty for anonymous.
    pub user: String,
    /// Id of the connection.
    pub client: String,
    /// Data of the connection token.
    pub conn_info: Vec<u8>,
    /// Data of the subscription token.
    pub chan_info: Vec<u8>,
}

/// Why a record could not be written or read.
#[derive(Debug, Error)]
pub enum EnvelopeError {
    /// Too short to be a record.
    #[error("record of {0} bytes is too short")]
    Truncated(usize),
    /// Written by a newer version of the software, or not a record.
    #[error("unknown record format version {0}")]
    UnknownVersion(u8),
    /// The bytes changed since they were written.
    #[error("record checksum does not match")]
    Checksum,
    /// The checksum matches but the archive is malformed: written wrongly.
    #[error("malformed record")]
    Malformed(#[source] rancor::Error),
    /// Larger than the format can address (2 GiB).
    #[error("record is too large")]
    TooLarge(#[source] rancor::Error),
}

/// Writes a record in the newest format.
///
/// # Errors
/// [`EnvelopeError::TooLarge`], which no record within the limits of a node reaches.
pub fn encode(record: &Record) -> Result<Vec<u8>, EnvelopeError> {
    let archive = rkyv::to_bytes::<rancor::Error>(record).map_err(EnvelopeError::TooLarge)?;
    let mut out = Vec::with_capacity(HEADER_BYTES + archive.len());
    out.push(VERSION);
    out.extend_from_slice(&checksum(VERSION, &archive));
    out.extend_from_slice(&archive);
    Ok(out)
}

/// Reads a record of any format version that was ever written.
///
/// # Errors
/// Says which check failed; no input makes it panic.
pub fn decode(bytes: &[u8]) -> Result<Record, EnvelopeError> {
    let Some((&[version, stored @ ..], archive)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Err(EnvelopeError::Truncated(bytes.len()));
    };
    if version != VERSION {
        return Err(EnvelopeError::UnknownVersion(version));
    }
    if stored != checksum(version, archive) {
        return Err(EnvelopeError::Checksum);
    }
    read_archive(archive).map_err(EnvelopeError::Malformed)
}

fn read_archive(archive: &[u8]) -> Result<Record, rancor::Error> {
    // The archive begins at any address inside a row or a frame; rkyv needs the alignment it was written with.
    let mut aligned: AlignedVec = AlignedVec::with_capacity(archive.len());
    aligned.extend_from_slice(archive);
    rkyv::from_bytes(&aligned)
}

/// The low half of the archive's 64-bit xxh3, seeded with the version.
fn checksum(version: u8, archive: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = xxh3_64_with_seed(archive, version.into()).to_le_bytes();
    [a, b, c, d]
}

/// What fuzzing reads: the archive without the checksum, which a fuzzer cannot guess.
#[doc(hidden)]
pub fn decode_unchecksummed(archive: &[u8]) -> Result<Record, EnvelopeError> {
    read_archive(archive).map_err(EnvelopeError::Malformed)
}

#[cfg(test)]
mod tests;
