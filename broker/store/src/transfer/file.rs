//! A backup: a header, one frame for each entry, and a last one with the digest of all of them.
//!
//! A frame is its length in four bytes, its content, and eight bytes of xxh3 over the content. What is cut off or changed
//! anywhere is noticed: by a frame's checksum, or by the missing or different digest.

use std::io::{self, ErrorKind, Read, Write};

use xxhash_rust::xxh3::xxh3_64;

use super::codec;
use super::digest::{DIGEST_BYTES, Digest};
use super::entry::Entry;
use super::sink::Sink;
use crate::store::StoreError;

/// What a backup begins with; its last byte is the version of the format.
const HEADER: &[u8; 14] = b"natter backup\x01";
/// The kind of the last frame; no entry has it.
const END: u8 = 0xff;
/// The largest frame: an event or a row may have a few MiB.
const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Writes a backup.
pub struct BackupWriter<W> {
    out: W,
    digest: Digest,
    frame: Vec<u8>,
}

impl<W: Write> BackupWriter<W> {
    /// Begins a backup.
    ///
    /// # Errors
    /// The header cannot be written.
    pub fn new(mut out: W) -> Result<Self, StoreError> {
        out.write_all(HEADER).map_err(unwritten)?;
        Ok(Self { out, digest: Digest::default(), frame: Vec::new() })
    }

    /// Ends the backup; nothing without its end is one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> Result<(W, Digest), StoreError> {
        self.frame.clear();
        self.frame.push(END);
        self.frame.extend(self.digest.to_bytes());
        self.write_frame()?;
        self.out.flush().map_err(unwritten)?;
        Ok((self.out, self.digest))
    }

    fn write_frame(&mut self) -> Result<(), StoreError> {
        let length = u32::try_from(self.frame.len()).ok().filter(|_| self.frame.len() <= FRAME_BYTES_MAX);
        let length = length.ok_or_else(|| StoreError::Invalid("an entry is too large for a backup".into()))?;
        let written = self.out.write_all(&length.to_le_bytes()).and_then(|()| self.out.write_all(&self.frame));
        written.and_then(|()| self.out.write_all(&xxh3_64(&self.frame).to_le_bytes())).map_err(unwritten)
    }
}

impl<W: Write> Sink for BackupWriter<W> {
    fn entry(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.digest.add(&entry);
        self.frame.clear();
        codec::encode(&entry, &mut self.frame);
        self.write_frame()
    }
}

fn unwritten(error: io::Error) -> StoreError {
    StoreError::Unavailable(format!("the backup cannot be written: {error}"))
}

/// Reads a backup.
pub struct BackupReader<R> {
    input: R,
    digest: Digest,
    frame: Vec<u8>,
}

impl<R: Read> BackupReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is no backup, or one of a newer format.
    pub fn new(mut input: R) -> Result<Self, StoreError> {
        let mut header = [0; HEADER.len()];
        input.read_exact(&mut header).map_err(|error| unread(&error))?;
        if header != *HEADER {
            return Err(StoreError::Corrupt("this is no backup that this build can read".into()));
        }
        Ok(Self { input, digest: Digest::default(), frame: Vec::new() })
    }

    /// Hands everything to `sink`, and answers with the digest when all of it was there.
    ///
    /// # Errors
    /// What the sink says; [`StoreError::Corrupt`] when anything was changed or is missing.
    pub fn walk(mut self, sink: &mut dyn Sink) -> Result<Digest, StoreError> {
        loop {
            self.read_frame()?;
            if self.frame.first() == Some(&END) {
                return self.end();
            }
            let entry = codec::decode(&self.frame).ok_or_else(|| self.corrupt("an entry cannot be read"))?;
            self.digest.add(&entry);
            sink.entry(entry)?;
        }
    }

    fn read_frame(&mut self) -> Result<(), StoreError> {
        let length = u32::from_le_bytes(self.read_array()?);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            return Err(self.corrupt("an entry is larger than any can be"));
        }
        self.frame.resize(length, 0);
        self.input.read_exact(&mut self.frame).map_err(|error| unread(&error))?;
        if u64::from_le_bytes(self.read_array()?) == xxh3_64(&self.frame) {
            return Ok(());
        }
        Err(self.corrupt("a checksum does not match"))
    }

    fn read_array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|error| unread(&error))?;
        Ok(bytes)
    }

    fn end(mut self) -> Result<Digest, StoreError> {
        let stored = self.frame.get(1..).and_then(|bytes| Digest::from_bytes(bytes.try_into().ok()?));
        if stored.as_ref() != Some(&self.digest) {
            return Err(self.corrupt("entries are missing"));
        }
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(self.digest),
            Ok(_) => Err(self.corrupt("something follows its end")),
            Err(error) => Err(unread(&error)),
        }
    }

    fn corrupt(&self, reason: &str) -> StoreError {
        StoreError::Corrupt(format!("the backup after {}: {reason}", self.digest))
    }
}

fn unread(error: &io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::UnexpectedEof => StoreError::Corrupt("the backup is cut off".into()),
        _ => StoreError::Unavailable(format!("the backup cannot be read: {error}")),
    }
}

const _: () = assert!(DIGEST_BYTES == 48, "part of the format");
