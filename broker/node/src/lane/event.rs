//! What reaches a lane from outside, and the mailbox it comes through.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use natter_core::{ChannelHandle, Reply};
use tokio::sync::mpsc;

use super::burst::{Announcement, Burst};
use super::connection::{ConnectionId, NewConnection};
use crate::session::{Control, Target, WorkResult};

/// One thing for a lane to do.
pub(crate) enum LaneEvent {
    Accept(Box<NewConnection>),
    Reply {
        connection: ConnectionId,
        token: u64,
        reply: Reply,
    },
    Deliver(Arc<Burst>),
    Announce(Arc<Announcement>),
    Invalidate(ChannelHandle),
    Wake(ConnectionId),
    TaskDone {
        connection: ConnectionId,
        token: u64,
        result: WorkResult,
    },
    /// For the connections that are named, or for all of the target when none is.
    Control {
        connections: Vec<ConnectionId>,
        target: Arc<Target>,
        control: Arc<Control>,
    },
    /// The node goes down: end this many connections now, with the protocol's own goodbye.
    Drain {
        connections_max: usize,
    },
}

/// The sending end of a lane's mailbox.
///
/// It needs no bound of its own: replies and results are bounded by the requests and tasks that a connection may have
/// in flight, and shards wait while [`LaneMailbox::depth`] is high.
#[derive(Clone)]
pub(crate) struct LaneMailbox {
    sender: mpsc::UnboundedSender<Vec<LaneEvent>>,
    depth: Arc<AtomicUsize>,
}

/// The receiving end.
pub(crate) struct LaneInbox {
    receiver: mpsc::UnboundedReceiver<Vec<LaneEvent>>,
    depth: Arc<AtomicUsize>,
}

/// Makes a mailbox.
pub(crate) fn mailbox() -> (LaneMailbox, LaneInbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let depth = Arc::new(AtomicUsize::new(0));
    (LaneMailbox { sender, depth: Arc::clone(&depth) }, LaneInbox { receiver, depth })
}

impl LaneMailbox {
    /// Hands events over, in order. A lane that has ended drops them with its connections.
    pub(crate) fn send(&self, events: Vec<LaneEvent>) {
        self.depth.fetch_add(events.len(), Ordering::Relaxed);
        let _ = self.sender.send(events);
    }

    /// Events that wait.
    pub(crate) fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }
}

impl LaneInbox {
    /// Waits for events and takes all that are there. False when every sender is gone.
    pub(crate) async fn receive(&mut self, events: &mut Vec<LaneEvent>) -> bool {
        const HANDOVERS_MAX: usize = 256;
        let mut handovers = Vec::new();
        if self.receiver.recv_many(&mut handovers, HANDOVERS_MAX).await == 0 {
            return false;
        }
        for handover in handovers {
            self.depth.fetch_sub(handover.len(), Ordering::Relaxed);
            events.extend(handover);
        }
        true
    }
}
