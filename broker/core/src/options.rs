//! What a channel's namespace decides about it, as far as the state machine needs to know.

use crate::keyed::KeyedOptions;

/// How a subscriber that comes back is brought up to date (Centrifugo's `force_recovery_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecoveryMode {
    /// Everything that was missed, in order.
    #[default]
    Stream,
    /// Only the newest publication.
    Cache,
}

/// The options that the owner of a channel acts on; shared by all channels of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelOptions {
    /// How many publications history keeps; 0 turns history off.
    pub history_size: usize,
    /// How long a publication stays in history, in milliseconds; 0 turns history off.
    pub history_ttl_ms: i64,
    /// How long an untouched stream keeps its offset and epoch, in milliseconds.
    pub history_meta_ttl_ms: i64,
    /// Whether history is kept by the store, and a publication is acknowledged and delivered only when it is durable.
    pub durable: bool,
    /// Whether the store keeps the whole log of a durable channel. History then bounds only what subscribers can recover
    /// and what a history call returns; a domain above reads the log itself.
    pub keeps_log: bool,
    /// Whether the node's observer is told of every commit, in order, before anyone is answered.
    pub observed: bool,
    /// Whether the owner keeps track of who is subscribed.
    pub presence: bool,
    /// Whether joins and leaves are announced to the subscribers that asked for it.
    pub join_leave: bool,
    /// How a returning subscriber is brought up to date.
    pub recovery_mode: RecoveryMode,
    /// A recovery that would need more publications than this fails, so that the client starts afresh.
    pub recovery_limit: usize,
    /// How many subscriptions a channel takes; further ones are refused.
    pub subscribers_max: u64,
    /// How many members presence holds; further ones are subscribed but not listed.
    pub presence_members_max: usize,
    /// How keys are kept, in channels whose publications have keys. Such a channel is never durable.
    pub keyed: Option<KeyedOptions>,
}

impl ChannelOptions {
    /// Whether a channel of the other options has to be made anew to have these: a log does not change its home, and the
    /// numbers of keyed changes do not change their meaning.
    pub(crate) fn is_shaped_like(&self, other: &Self) -> bool {
        let order = |options: &Self| options.keyed.map(|keyed| (keyed.ordered, options.has_history()));
        self.durable == other.durable && order(self) == order(other)
    }

    /// Whether publications are numbered and kept.
    pub fn has_history(&self) -> bool {
        self.history_size > 0 && self.history_ttl_ms > 0
    }
}

impl Default for ChannelOptions {
    fn default() -> Self {
        Self {
            history_size: 0,
            history_ttl_ms: 0,
            history_meta_ttl_ms: 720 * 60 * 60 * 1000,
            durable: false,
            keeps_log: false,
            observed: false,
            presence: false,
            join_leave: false,
            recovery_mode: RecoveryMode::Stream,
            recovery_limit: 300,
            subscribers_max: 1_000_000,
            presence_members_max: 100_000,
            keyed: None,
        }
    }
}
