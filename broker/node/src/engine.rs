//! What joins this node to the others.
//!
//! Nodes are equal. What is durable, and in which order, is decided by the store that they share; an [`Engine`] only carries
//! word of it, and may lose, repeat and delay what it carries. The owner of a channel takes in what follows on what it has and
//! reads the log where something is missing (`core/src/carried.rs`), so a lost message costs a read, and at worst a recovery
//! of the channel's subscribers, but no publication and no order. One thing an engine has to see to: the loss of a channel's
//! last message is found by nobody else until the next one, so an engine that may have lost something says so
//! ([`Arrivals::missed`]).
//!
//! A channel that keeps nothing is carried as well, at most once. A channel that keeps its history, or keys, in memory alone
//! has one writer: it is not carried, and an engine that is to give it several nodes has to number its publications itself.

use natter_core::{Carried, ChannelKey, Input};

use crate::broker::Broker;
use crate::session::{Control, Target};
use crate::shard::shard_of;

/// Carries word from this node to the others, and back through [`Arrivals`]. Its methods are called on the threads that
/// messages pass through: they must be quick and must not block. Queues of its own need bounds; what they have no room for is
/// lost.
pub trait Engine: Send + Sync + 'static {
    /// Its name in logs.
    fn name(&self) -> &'static str;

    /// Whether there are no other nodes. Asked when the node starts; an engine that says so is told of no channel, and costs
    /// nothing where messages pass.
    fn is_alone(&self) -> bool {
        false
    }

    /// The node starts, before anyone is connected. From now on what other nodes say goes to `arrivals`.
    fn start(&self, arrivals: Arrivals);

    /// From now on, or no more, this node has a channel in memory and needs what other nodes publish to it. Said before the
    /// channel's log is read, so that nothing is missed between the two; an engine that only hears a while later says
    /// [`Arrivals::missed`] then. May be said again of a channel that is followed already.
    fn follow(&self, channel: &ChannelKey, is_followed: bool);

    /// This has been published on this node; what has an offset is committed. In the order of the channel's offsets.
    fn published(&self, channel: &ChannelKey, carried: &Carried);

    /// Other nodes have to do this to the connections that a user has there.
    fn control(&self, target: &Target, control: &Control);
}

/// The engine of a node that is alone: it has nobody to tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalEngine;

impl Engine for LocalEngine {
    fn name(&self) -> &'static str {
        "local"
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn start(&self, _arrivals: Arrivals) {}

    fn follow(&self, _channel: &ChannelKey, _is_followed: bool) {}

    fn published(&self, _channel: &ChannelKey, _carried: &Carried) {}

    fn control(&self, _target: &Target, _control: &Control) {}
}

/// The way in for what other nodes say. Cheap to clone.
#[derive(Clone)]
pub struct Arrivals(Broker);

impl Arrivals {
    pub(crate) fn new(broker: Broker) -> Self {
        Self(broker)
    }

    /// Another node has published to a channel. What comes again, or of a channel that is not in memory here, does no harm.
    /// False when the channel's shard has too much to do and this is dropped: the engine says [`Arrivals::missed`] later.
    #[must_use]
    pub fn published(&self, channel: ChannelKey, carried: Carried) -> bool {
        let shard = self.0.shard(shard_of(&channel, self.0.shard_count()));
        let has_room = shard.has_room();
        if has_room {
            shard.send(vec![Input::Carried { channel, carried }]);
        }
        has_room
    }

    /// Something that was published to a channel may have been lost on its way here. A durable channel looks at its log, which
    /// costs a read of the store; for others there is nothing to be had. Always taken: said at most once for each channel and
    /// loss, it needs no other bound than that of channels.
    pub fn missed(&self, channel: ChannelKey) {
        let shard = self.0.shard(shard_of(&channel, self.0.shard_count()));
        shard.send(vec![Input::Missed { channel }]);
    }

    /// Another node has this done to connections of a user. Nothing happens when there are none here.
    pub fn control(&self, target: Target, control: Control) {
        self.0.control_here(target, control);
    }
}
