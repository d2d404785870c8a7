//! What equal nodes tell each other about a channel. What a channel's owner makes of what it hears is in `heard.rs`.
//!
//! A durable channel may be in the memory of several nodes: its store decides who wins a number, and what was committed is
//! carried to the others, by a carrier that may lose, repeat and delay. Invariants, tested in `tests/several_nodes/`:
//! - what is carried is taken in only when it follows directly on what is there, and when no append is under way that wants
//!   the same numbers; until then it is held, within a bound;
//! - where something is missing the log is read anew and fills the hole. A hole that is too wide for that, or another epoch,
//!   ends this life of the channel: its subscribers are told to come again.
//!
//! A channel that keeps nothing has no order to keep, so it delivers at once. A channel that keeps its history or its keys in
//! memory alone has one writer, this node: it is neither carried nor changed from outside.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::effects::Effect;
use crate::{ChannelKey, Epoch, Publication, Version};

/// What a node tells the others about a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The log that the offsets count in; `None` when the channel keeps no history.
    pub epoch: Option<Epoch>,
    /// What has been published, oldest first. One with an offset is committed; one without is in no log. None at all says
    /// that the log has changed otherwise: that its history, or all of it, has been removed.
    pub publications: Vec<Arc<Publication>>,
    /// The application's version of the newest of them that was given one.
    pub version: Option<Version>,
}

/// A shard's part in keeping other nodes informed.
#[derive(Debug)]
pub(crate) struct Joined {
    let_go: Sender<ChannelKey>,
    gone: Receiver<ChannelKey>,
}

impl Joined {
    pub(crate) fn new() -> Self {
        let (let_go, gone) = channel();
        Self { let_go, gone }
    }

    /// What a new channel needs to take part.
    pub(crate) fn outbound(&self, key: &ChannelKey) -> Box<Outbound> {
        Box::new(Outbound { key: key.clone(), pending: Carried::default(), is_cut: false, let_go: self.let_go.clone() })
    }

    /// The channels that have been forgotten since this was asked last: at most as many as a shard holds.
    pub(crate) fn gone(&self) -> impl Iterator<Item = ChannelKey> {
        self.gone.try_iter()
    }
}

/// What the other nodes are to be told of a channel. When it is dropped, the channel is not in memory any more.
#[derive(Debug)]
pub(crate) struct Outbound {
    key: ChannelKey,
    pending: Carried,
    /// Whether the log has become shorter.
    is_cut: bool,
    let_go: Sender<ChannelKey>,
}

impl Outbound {
    pub(crate) fn add(&mut self, publication: &Arc<Publication>, version: Option<&Version>) {
        self.pending.publications.push(Arc::clone(publication));
        if let Some(version) = version {
            self.pending.version = Some(version.clone());
        }
    }

    /// Others must not go on showing what has been removed.
    pub(crate) fn cut(&mut self) {
        self.is_cut = true;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.publications.is_empty() && !self.is_cut
    }

    /// Hands over what has come together.
    pub(crate) fn carry<R>(&mut self, epoch: Option<&Epoch>, effects: &mut Vec<Effect<R>>) {
        let mut tell = |carried| {
            effects.push(Effect::Carry {
                channel: self.key.clone(),
                carried: Box::new(Carried { epoch: epoch.cloned(), ..carried }),
            });
        };
        if !self.pending.publications.is_empty() {
            tell(std::mem::take(&mut self.pending));
        }
        if std::mem::take(&mut self.is_cut) {
            tell(Carried::default());
        }
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        // A shard that is gone itself tells nobody.
        let _ = self.let_go.send(self.key.clone());
    }
}

#[cfg(test)]
mod tests;
