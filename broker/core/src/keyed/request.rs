//! What can be asked of a channel with keys.

use std::sync::Arc;

use crate::effects::{Refusal, Reply};
use crate::input::{Draft, Subscriber};
use crate::stream::Since;
use crate::{ClientInfo, Epoch, Tags};

/// When a key may be set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyMode {
    /// Always.
    #[default]
    Replace,
    /// Only if it is not there.
    IfNew,
    /// Only if it is there.
    IfExists,
}

/// A key's new value.
#[derive(Clone, Debug, Default)]
pub struct KeyedDraft {
    /// The key.
    pub key: Arc<str>,
    /// Payload, publisher, tags, idempotency key and whether deltas are wanted; the rest does not apply to keys.
    pub draft: Draft,
    /// When it is set.
    pub mode: KeyMode,
    /// With [`KeyMode::IfNew`]: a key that is there already lives on from now.
    pub refreshes_ttl: bool,
    /// The application's version of the key, with the epoch it counts in: an older or equal one is not set. Only for
    /// channels with a stream.
    pub version: Option<(u64, Arc<str>)>,
    /// Set it only if its present value stands at this position. Only for channels with a stream.
    pub expected: Option<Since>,
    /// The key's place in an ordered channel.
    pub score: i64,
}

/// A page of a channel's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateQuery {
    /// Where the page before has ended; empty for the first.
    pub cursor: String,
    /// At most this many entries; 0 asks for the position alone. A page may hold fewer and have others behind it.
    pub limit: usize,
    /// Lowest scores first, in an ordered channel.
    pub ascending: bool,
}

/// The moment that a reader's first page is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The number of the last change before it.
    pub change: u64,
    /// The life of the state that the number counts in.
    pub epoch: Epoch,
}

/// One request.
#[derive(Clone, Debug)]
pub enum KeyedRequest {
    /// Set a key. Answered with `KeyedAnswer::Changed`.
    Publish(Box<KeyedDraft>),
    /// Remove a key. Answered with `KeyedAnswer::Changed`.
    Remove {
        /// The key.
        key: Arc<str>,
        /// A repeat with the same idempotency key removes nothing.
        idempotency_key: Option<Arc<str>>,
        /// Remove it only if its value stands at this position. Only for channels with a stream.
        expected: Option<Since>,
        /// Labels of the removal; without them it has those of the value.
        tags: Option<Arc<Tags>>,
    },
    /// Set a key for somebody who is present: it does not expire while anybody holds it. Not answered.
    Hold {
        /// The key.
        key: Arc<str>,
        /// What the entry shows of who is present.
        info: Option<Arc<ClientInfo>>,
    },
    /// Give up what was held. Not answered.
    Release {
        /// The key.
        key: Arc<str>,
        /// Whether the last holder takes the key with it; otherwise it expires by and by.
        removes: bool,
    },
    /// Read the state. Answered with `KeyedAnswer::State`.
    State {
        /// Which page.
        query: StateQuery,
        /// Only this key.
        key: Option<Arc<str>>,
        /// Leave out what is newer than this position; refused when its epoch is not the channel's.
        revision: Option<Since>,
    },
    /// Read a page for a subscriber. Answered with `KeyedAnswer::State`, or, when it is the last page and what has changed
    /// since the first one fits, with `Reply::Subscribed`.
    Page {
        /// Who subscribes.
        subscriber: Subscriber,
        /// Which page.
        query: StateQuery,
        /// What the answer to the first page said; `None` on the first page.
        revision: Option<Revision>,
        /// The life of the state that the subscriber knows; empty for none. Refused when it is another one.
        epoch: String,
    },
    /// Read what has changed. Answered with `KeyedAnswer::Changes`, or, when the rest fits, with `Reply::Subscribed`.
    CatchUp {
        /// Who subscribes.
        subscriber: Subscriber,
        /// The last change that it has.
        since: Since,
        /// Changes on a page; `None` asks for all at once.
        limit: Option<usize>,
        /// Where the channel stood when the subscriber began to catch up, once it knows.
        goal: Option<u64>,
    },
}

impl KeyedRequest {
    /// The answer that refuses this request.
    pub(crate) fn refused(&self, refusal: Refusal) -> Reply {
        match self {
            Self::Page { .. } | Self::CatchUp { .. } => Reply::Subscribed(Err(refusal)),
            _ => Reply::Keyed(Err(refusal)),
        }
    }
}
