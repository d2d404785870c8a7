//! Keyed state: a channel whose publications set and remove keys, and whose subscribers begin with what every key has.
//!
//! A channel keeps it when its options have [`KeyedOptions`]. Every change has a number, dense and increasing within an
//! epoch. Where the channel keeps history that number is the change's offset, and the changes are its stream; otherwise it
//! is counted all the same, and changes are kept only while somebody reads the state page by page.
//!
//! Invariants, tested in `keyed/tests.rs` and `tests/keyed_clients.rs`:
//! - a subscriber that has read all pages, the changes behind the first page and what is delivered from then on has what
//!   the channel has, whatever happens in between; when that cannot be had it is refused and begins anew;
//! - an expired key is never shown and is published as removed;
//! - entries, their bytes and what is kept of changes are bounded.

mod answer;
mod change;
mod page;
mod request;
mod serve;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;

pub use answer::{ChangesPage, KeyedAnswer, KeyedChange, StatePage, Suppressed};
pub use request::{KeyMode, KeyedDraft, KeyedRequest, Revision, StateQuery};
pub(crate) use state::KeyedState;

/// Longest key in bytes.
pub const KEY_BYTES_MAX: usize = 255;

/// What a publication says about a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyed {
    /// The key: 1 to [`KEY_BYTES_MAX`] bytes.
    pub key: Arc<str>,
    /// Whether the key is gone.
    pub removed: bool,
    /// The key's place in an ordered channel.
    pub score: i64,
    /// The payload that the key had before, when this publication may be shown as a delta to it.
    pub previous: Option<Bytes>,
}

/// How a channel keeps keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyedOptions {
    /// How long a key lives after it was last set, in milliseconds; 0 is for ever.
    pub key_ttl_ms: i64,
    /// Whether pages are in the order of scores; otherwise in that of keys.
    pub ordered: bool,
    /// How many keys a channel takes; further ones are refused.
    pub keys_max: usize,
    /// For how long a reader may take its pages, in milliseconds.
    pub catch_up_ms: i64,
    /// A reader that has missed more changes than this has to begin anew.
    pub live_limit: usize,
}

impl Default for KeyedOptions {
    fn default() -> Self {
        Self { key_ttl_ms: 0, ordered: false, keys_max: 100_000, catch_up_ms: 5_000, live_limit: 1_000 }
    }
}
