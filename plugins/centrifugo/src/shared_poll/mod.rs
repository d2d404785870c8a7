//! Shared poll subscriptions (reference: Centrifugo 6.8): clients track keys of a channel, and the node asks a backend for
//! all of them together.
//!
//! `signature` says who may track what. `channel` holds who tracks which key, `entry` what is known of one, `changes` takes
//! answers in; `poller` asks, and there is one for each channel with keys, however many subscribers it has. A change is an
//! `update`, encoded once for each form, and reaches a session through its `outbox`. Channels, keys of a channel, calls
//! under way, kept values and answers are bounded.

mod changes;
mod channel;
mod common;
mod entry;
mod outbox;
mod poller;
mod signature;
#[cfg(test)]
mod tests;
mod update;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use natter_core::ChannelKey;
use natter_node::config::{Namespace, SharedPollMode, SharedPollOptions, SubscriptionType};
use natter_protocol::centrifuge::codes::ClientError;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use self::channel::Untracked;
pub(crate) use self::channel::{PollChannel, Wanted};
use self::common::Common;
pub(crate) use self::outbox::Outbox;
pub(crate) use self::poller::Source;
pub(crate) use self::signature::{Tracker, Verifier};
pub(crate) use self::update::{Form, Update};
use crate::metrics;

/// SubscribeRequest.type of a shared poll.
pub(crate) const SHARED_POLL: i32 = 4;

/// Channels that are polled by one node.
const CHANNELS_MAX: usize = 100_000;

/// Whether a kind of subscription goes with a namespace, as far as shared polls are concerned.
///
/// # Errors
/// 107 for another kind in a shared poll namespace, 108 for a shared poll in another namespace.
pub(crate) fn suits(rules: &Namespace, kind: i32) -> Result<(), ClientError> {
    let is_polled = rules.subscription_type == SubscriptionType::SharedPoll;
    match (is_polled, kind == SHARED_POLL) {
        (true, false) => Err(ClientError::BAD_REQUEST),
        (false, true) => Err(ClientError::NOT_AVAILABLE),
        _ => Ok(()),
    }
}

/// All polled channels of the node.
pub(crate) struct SharedPolls {
    common: Arc<Common>,
    channels: Mutex<HashMap<ChannelKey, Arc<PollChannel>>>,
}

/// A channel in which keys have been tracked, and what is known of them.
pub(crate) struct Tracked {
    pub(crate) channel: Arc<PollChannel>,
    /// Values that are newer than what the client has.
    pub(crate) known: Vec<Arc<Update>>,
}

impl SharedPolls {
    /// `calls_max` bounds the calls to backends that are under way together; 0 is the default.
    pub(crate) fn new(calls_max: usize) -> Self {
        Self { common: Common::new(calls_max), channels: Mutex::default() }
    }

    /// Tracks keys, which are replaced by those that all who track them share. The first ones of a channel start its
    /// poller on the runtime that is given with it.
    ///
    /// # Errors
    /// 106 when the node has too many channels, or the channel too many keys.
    pub(crate) fn track(
        self: &Arc<Self>,
        key: &ChannelKey,
        options: &SharedPollOptions,
        wanted: &mut [Wanted],
        outbox: &Arc<Outbox>,
        poller: (&Handle, &Arc<dyn Source>),
    ) -> Result<Tracked, ClientError> {
        // A channel that closes is replaced at once, so that a second attempt is seldom and a third never needed.
        const ATTEMPTS: usize = 3;
        for _ in 0..ATTEMPTS {
            let channel = self.open(key, options, poller)?;
            match channel.track(wanted, outbox) {
                Ok(known) => return Ok(Tracked { channel, known }),
                Err(Untracked::Closed) => self.forget(&channel),
                Err(Untracked::Full) => return Err(ClientError::LIMIT_EXCEEDED),
            }
        }
        Err(ClientError::INTERNAL)
    }

    /// What a subscriber is told that versions count in.
    pub(crate) fn epoch(&self, key: &ChannelKey, options: &SharedPollOptions) -> Arc<str> {
        match options.mode {
            SharedPollMode::Versionless => Arc::clone(&self.common.epoch),
            SharedPollMode::Versioned => self.channel(key).map_or_else(|| Arc::from(""), |channel| channel.epoch()),
        }
    }

    /// Brings a value of a key to whoever tracks it.
    ///
    /// # Errors
    /// 107 when the epoch has changed a moment ago and would change again.
    pub(crate) fn publish(
        &self,
        key: &ChannelKey,
        of: &str,
        version: (u64, &str),
        data: Bytes,
    ) -> Result<(), ClientError> {
        let (version, epoch) = version;
        let published = self.channel(key).map(|channel| channel.published(of, version, epoch, data));
        let is_applied = published.transpose().map_err(|_| ClientError::BAD_REQUEST)?.unwrap_or_default();
        metrics::shared_poll_publish(if is_applied { "ok" } else { "skipped" });
        Ok(())
    }

    /// How many channels are polled.
    #[cfg(test)]
    pub(crate) fn channel_count(&self) -> usize {
        self.channels.lock().len()
    }

    fn channel(&self, key: &ChannelKey) -> Option<Arc<PollChannel>> {
        self.channels.lock().get(key).cloned()
    }

    fn open(
        self: &Arc<Self>,
        key: &ChannelKey,
        options: &SharedPollOptions,
        (runtime, source): (&Handle, &Arc<dyn Source>),
    ) -> Result<Arc<PollChannel>, ClientError> {
        let mut channels = self.channels.lock();
        if let Some(channel) = channels.get(key) {
            return Ok(Arc::clone(channel));
        }
        if channels.len() >= CHANNELS_MAX {
            return Err(ClientError::LIMIT_EXCEEDED);
        }
        let channel = Arc::new(PollChannel::new(key.clone(), options.resolved(), Arc::clone(&self.common)));
        channels.insert(key.clone(), Arc::clone(&channel));
        metrics::shared_poll_channels(channels.len());
        drop(channels);
        runtime.spawn(poller::run(Arc::clone(self), Arc::clone(&channel), Arc::clone(source)));
        Ok(channel)
    }

    fn forget(&self, channel: &Arc<PollChannel>) {
        let mut channels = self.channels.lock();
        if channels.get(&channel.key).is_some_and(|known| Arc::ptr_eq(known, channel)) {
            channels.remove(&channel.key);
            metrics::shared_poll_channels(channels.len());
        }
    }
}
