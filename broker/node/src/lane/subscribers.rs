//! A lane's own list of who is subscribed to a channel.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use metrics::Counter;
use natter_core::{ChannelHandle, ChannelKey, Publication};
use smallvec::SmallVec;

use crate::metrics::Metrics;
use crate::session::{PublicationFilter, Subscription, Variant};

/// One subscriber in a group.
pub(crate) struct Member {
    /// The connection's place in the lane.
    pub(crate) slot: u32,
    pub(crate) wants_presence_edges: bool,
    /// Whether it has not had a publication yet: the first one cannot be a delta.
    pub(crate) is_fresh: bool,
    pub(crate) filter: Option<Box<dyn PublicationFilter>>,
}

/// Subscribers that get the same bytes.
pub(crate) struct Group {
    pub(crate) variant: Variant,
    pub(crate) members: Vec<Member>,
}

/// A channel's subscribers on this lane.
pub(crate) struct LaneChannel {
    pub(crate) key: ChannelKey,
    /// Counts what its tenant's subscribers are sent.
    pub(crate) delivered: Counter,
    pub(crate) groups: SmallVec<[Group; 1]>,
    /// The newest offset that was handed to this list; 0 before the first.
    pub(crate) last_offset: u64,
}

impl LaneChannel {
    /// Takes note of what comes next. False when a number is missing before or between, or comes again.
    pub(crate) fn follows(&mut self, publications: &[Arc<Publication>]) -> bool {
        let numbered = publications.iter().map(|publication| publication.offset).filter(|offset| *offset > 0);
        numbered.fold(true, |is_dense, offset| {
            let before = std::mem::replace(&mut self.last_offset, offset);
            is_dense && (before == 0 || before + 1 == offset)
        })
    }
}

/// Where a connection stands in a channel's list; kept with the connection so that leaving is no search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) channel: ChannelHandle,
    pub(crate) group: u32,
    pub(crate) index: u32,
}

/// All channels that have subscribers on this lane.
#[derive(Default)]
pub(crate) struct Subscribers {
    channels: HashMap<ChannelHandle, LaneChannel, BuildHasherDefault<HandleHasher>>,
}

impl Subscribers {
    pub(crate) fn get_mut(&mut self, channel: ChannelHandle) -> Option<&mut LaneChannel> {
        self.channels.get_mut(&channel)
    }

    /// Seats a connection.
    pub(crate) fn add(&mut self, slot: u32, subscription: Subscription, metrics: &Metrics) -> Seat {
        let Subscription { channel, key, variant, wants_presence_edges, filter } = subscription;
        let entry = self.channels.entry(channel).or_insert_with(|| {
            let delivered = metrics.delivered(key.tenant());
            LaneChannel { key, delivered, groups: SmallVec::new(), last_offset: 0 }
        });
        let group = entry.groups.iter().position(|group| group.variant == variant).unwrap_or_else(|| {
            entry.groups.push(Group { variant, members: Vec::new() });
            entry.groups.len() - 1
        });
        let members = &mut entry.groups[group].members;
        if members.is_empty() {
            // Most channels have one subscriber on a lane: room for four would be wasted a million times.
            members.reserve_exact(1);
        }
        members.push(Member { slot, wants_presence_edges, is_fresh: true, filter });
        Seat { channel, group: group as u32, index: members.len() as u32 - 1 }
    }

    /// Frees a seat. When another member had to move into it, returns that member's slot and its old index.
    pub(crate) fn remove(&mut self, seat: Seat) -> Option<(u32, u32)> {
        let channel = self.channels.get_mut(&seat.channel)?;
        let members = &mut channel.groups.get_mut(seat.group as usize)?.members;
        if seat.index as usize >= members.len() {
            return None;
        }
        members.swap_remove(seat.index as usize);
        let moved = members.get(seat.index as usize).map(|member| (member.slot, members.len() as u32));
        if channel.groups.iter().all(|group| group.members.is_empty()) {
            self.channels.remove(&seat.channel);
        }
        moved
    }

    /// Empties a channel's list and returns the slots of those who were on it.
    pub(crate) fn take_channel(&mut self, channel: ChannelHandle) -> Vec<u32> {
        let Some(channel) = self.channels.remove(&channel) else { return Vec::new() };
        channel.groups.iter().flat_map(|group| group.members.iter().map(|member| member.slot)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.channels.values().flat_map(|channel| &channel.groups).map(|group| group.members.len()).sum()
    }
}

/// Spreads handles, which are counted up and so need no defence against a hostile choice.
#[derive(Default)]
struct HandleHasher(u64);

impl Hasher for HandleHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        // Multiplying by an odd constant near 2^64 divided by the golden ratio moves every bit into the upper ones.
        self.0 = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_right(32);
    }
}

#[cfg(test)]
mod tests {
    use natter_core::TenantId;

    use super::*;

    #[test]
    fn a_missing_or_repeated_number_is_noticed() {
        let key = ChannelKey::new(TenantId::new("tenant"), "channel");
        let mut channel = LaneChannel { key, delivered: Counter::noop(), groups: SmallVec::new(), last_offset: 0 };
        let run = |offsets: &[u64]| -> Vec<_> {
            offsets.iter().map(|&offset| Arc::new(Publication { offset, ..Publication::default() })).collect()
        };
        for (offsets, is_dense) in [
            (&[7, 8][..], true),
            (&[0], true),
            (&[9, 0, 10], true),
            (&[12], false),
            (&[13], true),
            (&[13], false),
            (&[14, 16], false),
        ] {
            assert_eq!(channel.follows(&run(offsets)), is_dense, "{offsets:?}");
        }
    }
}
