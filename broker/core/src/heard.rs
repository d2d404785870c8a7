//! What a channel's owner makes of what other nodes publish. The invariants are in `carried.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::carried::Carried;
use crate::channel::Channel;
use crate::durable::DurableLog;
use crate::effects::Effect;
use crate::input::Request;
use crate::log::LogHead;
use crate::stream::Stream;
use crate::{ChannelKey, Epoch, Publication, Version};

/// Publications of other nodes that may wait for their turn; beyond it they are read from the log.
pub(crate) const HELD_MAX: usize = 1_024;
/// Payload that may wait for its turn.
const HELD_BYTES_MAX: usize = 4 * 1024 * 1024;

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
    fn doubt(&mut self) {
        *self = Self { is_doubtful: true, ..Self::default() };
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

impl<R> DurableLog<R> {
    /// Has the log looked at as soon as nothing is under way.
    pub(crate) fn doubt(&mut self) {
        self.held.get_or_insert_default().doubt();
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
            (Some(durable), _) if is_cut => durable.doubt(),
            (Some(durable), Some(epoch)) => durable.held.get_or_insert_default().hold(epoch, numbered, version),
            _ => {}
        }
    }

    /// Takes in what is held, unless something of the channel's own is under way. True when the log has to be read.
    pub(crate) fn take_held(&mut self, key: &ChannelKey, effects: &mut Vec<Effect<R>>) -> bool {
        let (Some(durable), Some(stream)) = (&mut self.durable, &mut self.stream) else { return false };
        if durable.is_reading_or_appending() {
            return false;
        }
        let Some(held) = durable.held.take() else { return false };
        let (publications, version, is_whole) = held.following(stream);
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
