//! What a channel with keys answers.

use std::sync::Arc;

use crate::{Epoch, Publication};

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppressed {
    /// It repeats an idempotency key.
    Idempotency,
    /// The key has this version or a newer one.
    Version,
    /// The key is there already.
    KeyExists,
    /// The key is not there.
    KeyNotFound,
    /// The key's value does not stand where it was expected.
    PositionMismatch,
}

impl Suppressed {
    /// What Centrifugo's API calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idempotency => "idempotency",
            Self::Version => "version",
            Self::KeyExists => "key_exists",
            Self::KeyNotFound => "key_not_found",
            Self::PositionMismatch => "position_mismatch",
        }
    }
}

/// How a change went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedChange {
    /// Where the channel stands, or stood when the change was made first; 0 without a stream.
    pub offset: u64,
    /// The life of the state.
    pub epoch: Epoch,
    /// Why nothing was changed; `None` when it was.
    pub suppressed: Option<Suppressed>,
}

/// A page of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatePage {
    /// The entries, each as the publication that set it.
    pub entries: Vec<Arc<Publication>>,
    /// What the next page begins behind; empty on the last one.
    pub cursor: String,
    /// Where the channel stands; 0 without a stream.
    pub offset: u64,
    /// The number of the last change, also without a stream.
    pub change: u64,
    /// The life of the state.
    pub epoch: Epoch,
}

/// A page of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangesPage {
    /// Oldest first.
    pub publications: Vec<Arc<Publication>>,
    /// The offset of the last one.
    pub offset: u64,
    /// Where the channel stood when the subscriber began to catch up.
    pub goal: u64,
    /// The life of the state.
    pub epoch: Epoch,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyedAnswer {
    /// A key was, or was not, changed.
    Changed(KeyedChange),
    /// A page of the state, with how many keys there are.
    State {
        /// The page.
        page: StatePage,
        /// All keys of the channel.
        keys: usize,
    },
    /// A page of changes.
    Changes(ChangesPage),
}
