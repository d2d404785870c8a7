//! Where a reader stands in a channel's log.

use std::fmt;
use std::sync::Arc;

/// The identity of a log's lifetime: 8 random letters. A lost or rebuilt log gets a new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(Arc<str>);

impl Epoch {
    /// Wraps the text of an epoch.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Makes an epoch of 8 letters from 64 random bits.
    pub fn from_random(bits: u64) -> Self {
        const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let text: String =
            bits.to_le_bytes().iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
        Self(text.into())
    }

    /// The epoch as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An offset together with the epoch that gives it its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The number of the last event seen; 0 before the first.
    pub offset: u64,
    /// The log that `offset` counts in.
    pub epoch: Epoch,
}
