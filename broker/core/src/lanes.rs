//! Which delivery lanes have subscribers of a channel.

use smallvec::SmallVec;

/// A delivery lane: the worker that owns a set of connections. 0 to 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneId(pub u8);

/// A set of lanes, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneSet(u64);

impl LaneSet {
    /// The set of one lane.
    pub fn only(lane: LaneId) -> Self {
        Self(1 << lane.0)
    }

    /// Whether no lane is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The lanes in it, in order.
    pub fn iter(self) -> impl Iterator<Item = LaneId> {
        (0..64).filter(move |bit| self.0 & (1 << bit) != 0).map(LaneId)
    }
}

/// How many subscribers each lane has; a channel rarely has subscribers on more than a few.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneCounts(SmallVec<[(LaneId, u32); 2]>);

impl LaneCounts {
    pub(crate) fn add(&mut self, lane: LaneId) {
        match self.0.iter_mut().find(|(id, _)| *id == lane) {
            Some((_, count)) => *count += 1,
            None => self.0.push((lane, 1)),
        }
    }

    /// Takes one subscriber away; a lane that has none is left as it is.
    pub(crate) fn remove(&mut self, lane: LaneId) {
        let Some(index) = self.0.iter().position(|(id, _)| *id == lane) else { return };
        self.0[index].1 -= 1;
        if self.0[index].1 == 0 {
            self.0.swap_remove(index);
        }
    }

    pub(crate) fn set(&self) -> LaneSet {
        LaneSet(self.0.iter().fold(0, |bits, (lane, _)| bits | 1 << lane.0))
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
