//! The way to a shard: admission, then one hand-over for everything that a lane's round has gathered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use natter_core::{ChannelKey, ChannelOptions, Input, Refusal, Reply, Request, TenantId};
use tokio::sync::{mpsc, oneshot};

use super::ReplyTo;
use crate::broker::Broker;
use crate::lane::LaneEvent;

/// Requests that may wait for one shard; further ones that can be refused are.
const QUEUED_MAX: usize = 65_536;

/// A question about all channels of a shard.
pub(crate) struct ActiveQuery {
    pub(crate) tenant: TenantId,
    /// Gets the names of the tenant's channels that have subscribers, with their number.
    pub(crate) reply: oneshot::Sender<Vec<(Arc<str>, u64)>>,
}

/// What is handed over at once, and when.
struct Handover {
    inputs: Vec<Input<ReplyTo>>,
    query: Option<ActiveQuery>,
    sent: Instant,
}

/// What a shard finds in its mailbox.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) inputs: Vec<Input<ReplyTo>>,
    pub(crate) queries: Vec<ActiveQuery>,
}

/// The sending end of a shard's mailbox.
#[derive(Clone)]
pub(crate) struct ShardMailbox {
    sender: mpsc::UnboundedSender<Handover>,
    queued: Arc<AtomicUsize>,
}

/// The receiving end.
pub(crate) struct ShardInbox {
    receiver: mpsc::UnboundedReceiver<Handover>,
    queued: Arc<AtomicUsize>,
}

/// Makes a mailbox.
pub(crate) fn mailbox() -> (ShardMailbox, ShardInbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let queued = Arc::new(AtomicUsize::new(0));
    (ShardMailbox { sender, queued: Arc::clone(&queued) }, ShardInbox { receiver, queued })
}

impl ShardMailbox {
    /// Hands inputs over, in order. A shard that has ended drops them; callers see their channel closed.
    pub(crate) fn send(&self, inputs: Vec<Input<ReplyTo>>) {
        self.queued.fetch_add(inputs.len(), Ordering::Relaxed);
        let _ = self.sender.send(Handover { inputs, query: None, sent: Instant::now() });
    }

    /// Asks about all channels; the answer never comes when the shard has ended.
    pub(crate) fn ask(&self, query: ActiveQuery) {
        let _ = self.sender.send(Handover { inputs: Vec::new(), query: Some(query), sent: Instant::now() });
    }

    /// Whether one more request may be queued.
    pub(crate) fn has_room(&self) -> bool {
        self.depth() < QUEUED_MAX
    }

    /// Inputs that wait.
    pub(crate) fn depth(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }
}

impl ShardInbox {
    /// Waits for inputs and takes what is there, within a bound. `None` when every sender is gone; otherwise when the
    /// oldest of them was sent.
    pub(crate) async fn receive(&mut self, received: &mut Received) -> Option<Instant> {
        const HANDOVERS_MAX: usize = 64;
        let mut handovers = Vec::new();
        if self.receiver.recv_many(&mut handovers, HANDOVERS_MAX).await == 0 {
            return None;
        }
        let oldest = handovers.first().map(|handover| handover.sent);
        for handover in handovers {
            self.queued.fetch_sub(handover.inputs.len(), Ordering::Relaxed);
            received.inputs.extend(handover.inputs);
            received.queries.extend(handover.query);
        }
        oldest
    }
}

/// Requests of one lane's round, by shard.
pub(crate) struct Outgoing {
    by_shard: Vec<Vec<Input<ReplyTo>>>,
    touched: Vec<usize>,
}

impl Outgoing {
    pub(crate) fn new(broker: &Broker) -> Self {
        Self { by_shard: (0..broker.shard_count()).map(|_| Vec::new()).collect(), touched: Vec::new() }
    }

    pub(crate) fn push(
        &mut self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        request: Request<()>,
        reply_to: ReplyTo,
    ) {
        let index = shard_of(&channel, self.by_shard.len());
        if self.by_shard[index].is_empty() {
            self.touched.push(index);
        }
        self.by_shard[index].push(Input::Request { channel, options, request: request.addressed(reply_to) });
    }

    /// Hands everything over. What a full shard refuses is answered through `refused`.
    pub(crate) fn send(&mut self, broker: &Broker, refused: &mut Vec<LaneEvent>) {
        for index in self.touched.drain(..) {
            let inputs = std::mem::take(&mut self.by_shard[index]);
            let mailbox = broker.shard(index);
            let inputs = if mailbox.has_room() { inputs } else { refuse_all(inputs, refused) };
            if !inputs.is_empty() {
                mailbox.send(inputs);
            }
        }
    }
}

/// The shard of a channel: by the upper bits of its stable hash, as the lower ones spread it within the shard.
pub(crate) fn shard_of(channel: &ChannelKey, shard_count: usize) -> usize {
    (channel.stable_hash() >> 32) as usize % shard_count
}

/// Refuses what can be refused and returns the rest.
fn refuse_all(inputs: Vec<Input<ReplyTo>>, refused: &mut Vec<LaneEvent>) -> Vec<Input<ReplyTo>> {
    let mut kept = Vec::new();
    for input in inputs {
        match input {
            Input::Request { request, .. } if !is_departure(&request) => {
                refused.extend(request.refusal(Refusal::Busy).and_then(lane_event));
            }
            departure => kept.push(departure),
        }
    }
    kept
}

fn is_departure(request: &Request<ReplyTo>) -> bool {
    // Who holds a key must be counted, as its release is.
    let is_unanswered_key = matches!(request, Request::Keyed { reply: None, .. });
    is_unanswered_key || matches!(request, Request::Unsubscribe { .. } | Request::UpdatePresence { .. })
}

fn lane_event((to, reply): (ReplyTo, Reply)) -> Option<LaneEvent> {
    match to {
        ReplyTo::Connection { connection, token, .. } => Some(LaneEvent::Reply { connection, token, reply }),
        ReplyTo::Caller(_) | ReplyTo::Nobody => None,
    }
}
