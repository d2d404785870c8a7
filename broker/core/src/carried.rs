//! What equal nodes tell each other about a channel, and what a channel's owner makes of what it is told.
//!
//! A durable channel may be in the memory of several nodes: its store decides who wins a number, and what was committed is
//! carried to the others, by a carrier that may lose, repeat and delay. Invariants, tested in `tests/several_nodes.rs`:
//! - what is carried is taken in only when it follows directly on what is there, and when no append is under way that wants
//!   the same numbers; until then it is held, within a bound;
//! - where something is missing the log is read anew and fills the hole. A hole that is too wide for that, or another epoch,
//!   ends this life of the channel: its subscribers are told to come again.
//!
//! A channel that keeps nothing has no order to keep, so it delivers at once. A channel that keeps its history or its keys in
//! memory alone has one writer, this node: it is neither carried nor changed from outside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::channel::Channel;
use crate::effects::Effect;
use crate::input::Request;
use crate::log::LogHead;
use crate::stream::Stream;
use crate::{ChannelKey, Epoch, Publication, Version};

/// Publications of other nodes that may wait for their turn; beyond it they are read from the log.
const HELD_MAX: usize = 1_024;
/// Payload that may wait for its turn.
const HELD_BYTES_MAX: usize = 4 * 1024 * 1024;

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
                carried: Carried { epoch: epoch.cloned(), ..carried },
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

/// What other nodes have committed and this one has not taken in yet.
#[derive(Debug, Default)]
pub(crate) struct Held {
    epoch: Option<Epoch>,
    /// By offset, each with the version that is known once it is taken in.
    publications: BTreeMap<u64, (Arc<Publication>, Option<Version>)>,
    bytes: usize,
    /// Whether something is missing, so that the log has to be read.
    is_doubtful: bool,
}

impl Held {
    /// Something has been missed. What is held was committed before this, so the log has it.
    pub(crate) fn doubt(&mut self) {
        *self = Self { is_doubtful: true, ..Self::default() };
    }

    fn is_quiet(&self) -> bool {
        self.publications.is_empty() && !self.is_doubtful
    }

    fn hold(&mut self, epoch: Epoch, publications: Vec<Arc<Publication>>, version: Option<Version>) {
        let Some(newest) = publications.last().map(|newest| newest.offset) else { return };
        if self.epoch.get_or_insert_with(|| epoch.clone()) != &epoch {
            return self.doubt();
        }
        for publication in publications {
            let version = version.clone().filter(|_| publication.offset == newest);
            let bytes = publication.data.len();
            if self.publications.insert(publication.offset, (publication, version)).is_none() {
                self.bytes += bytes;
            }
        }
        if self.publications.len() > HELD_MAX || self.bytes > HELD_BYTES_MAX {
            self.doubt();
        }
    }

    /// What follows on `stream` without a hole, its newest version, and whether that is all there was.
    fn following(self, stream: &Stream) -> (Vec<Arc<Publication>>, Option<Version>, bool) {
        let (mut next, mut newest_version) = (Vec::new(), None);
        if self.is_doubtful || self.epoch.is_some_and(|epoch| epoch != stream.epoch) {
            return (next, newest_version, false);
        }
        for (offset, (publication, version)) in self.publications {
            if offset <= stream.top {
                continue;
            }
            if offset != stream.top + 1 + next.len() as u64 {
                return (next, newest_version, false);
            }
            next.push(publication);
            newest_version = version.or(newest_version);
        }
        (next, newest_version, true)
    }
}

impl<R> Channel<R> {
    /// Takes note of what another node has published: what has no number is released, what has one waits for its turn.
    pub(crate) fn hear(&mut self, carried: Carried) {
        let Carried { epoch, publications, version } = carried;
        let is_cut = publications.is_empty();
        let (numbered, unnumbered): (Vec<_>, Vec<_>) = publications.into_iter().partition(|heard| heard.offset > 0);
        // A change of a key belongs to the one writer of the keys.
        unnumbered.into_iter().filter(|heard| heard.keyed.is_none()).for_each(|heard| self.release(heard));
        match (&mut self.durable, epoch) {
            (Some(durable), _) if is_cut => durable.held.doubt(),
            (Some(durable), Some(epoch)) => durable.held.hold(epoch, numbered, version),
            _ => {}
        }
    }

    /// Takes in what is held, unless something of the channel's own is under way. True when the log has to be read.
    pub(crate) fn take_held(&mut self, key: &ChannelKey, effects: &mut Vec<Effect<R>>) -> bool {
        let (Some(durable), Some(stream)) = (&mut self.durable, &mut self.stream) else { return false };
        if durable.held.is_quiet() || durable.is_reading_or_appending() {
            return false;
        }
        let (publications, version, is_whole) = std::mem::take(&mut durable.held).following(stream);
        stream.version = version.or(stream.version.take());
        self.take_in(key, publications, effects);
        !is_whole
    }

    /// Takes over what the log has above what is known of it. `None` when the two do not meet.
    pub(crate) fn open_again(
        &mut self,
        key: &ChannelKey,
        head: LogHead,
        newest: Vec<Arc<Publication>>,
        effects: &mut Vec<Effect<R>>,
    ) -> Option<Vec<Request<R>>> {
        let (durable, stream) = (self.durable.as_mut()?, self.stream.as_mut()?);
        let missed: Vec<_> = newest.into_iter().filter(|publication| publication.offset > stream.top).collect();
        let is_dense = (stream.top + 1..).zip(&missed).all(|(offset, publication)| publication.offset == offset);
        let is_whole = head.last_offset.checked_sub(stream.top) == Some(missed.len() as u64);
        if head.epoch != stream.epoch || !is_dense || !is_whole {
            return None;
        }
        stream.version = head.version;
        stream.remove_below(head.first_offset);
        durable.trimmed(head.first_offset);
        let requests = durable.take_requests();
        self.take_in(key, missed, effects);
        Some(requests)
    }

    fn take_in(&mut self, key: &ChannelKey, publications: Vec<Arc<Publication>>, effects: &mut Vec<Effect<R>>) {
        if publications.is_empty() {
            return;
        }
        if let Some(durable) = &mut self.durable {
            durable.conflicts = 0;
        }
        if self.options.observed {
            effects.push(Effect::Committed { channel: key.clone(), publications: publications.clone() });
        }
        publications.into_iter().for_each(|publication| self.release(publication));
    }
}

#[cfg(test)]
mod tests;
