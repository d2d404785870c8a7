//! Drives a shard: applies what waits in its mailbox in one batch, and does the effects.

use std::sync::Arc;
use std::time::{Duration, Instant};

use natter_core::{
    ChannelHandle, ChannelKey, CommitOutcome, Effect, Epoch, Input, LaneSet, LogHead, Publication, Reply, Shard,
};
use natter_store::{AppendError, AppendOutcome, LogAppend, ReadRequest, StoreError};
use tokio::sync::oneshot;
use tokio::task::{spawn_local, yield_now};
use tokio::time::{MissedTickBehavior, interval};

use super::{Received, ReplyTo, ShardInbox};
use crate::broker::Broker;
use crate::lane::{Announcement, Burst, LaneEvent};

/// A shard waits while a lane has more events than this to work through.
const LANE_DEPTH_MAX: usize = 32_768;
/// One burst in this many is timed.
const TIMED_ONE_IN: u64 = 100;
/// What one read of the store returns at most; longer ranges are read in pages.
const READ_PAGE: usize = 10_000;

/// A shard and the way from it to everyone else.
pub(crate) struct ShardDriver {
    index: usize,
    shard: Shard<ReplyTo>,
    inbox: ShardInbox,
    broker: Broker,
    /// Events of this batch, by lane.
    events: Vec<Vec<LaneEvent>>,
    /// Answers of this batch to those who are no connection. They go out last, so that whoever has been answered finds
    /// that the lanes have what was delivered before.
    answers: Vec<(oneshot::Sender<Reply>, Reply)>,
    bursts: u64,
}

impl ShardDriver {
    pub(crate) fn new(index: usize, shard: Shard<ReplyTo>, inbox: ShardInbox, broker: Broker) -> Self {
        let events = (0..broker.lane_count()).map(|_| Vec::new()).collect();
        Self { index, shard, inbox, broker, events, answers: Vec::new(), bursts: 0 }
    }

    /// Runs until every sender of the mailbox is gone. Must be called on a `LocalSet`.
    pub(crate) async fn run(mut self) {
        let mut received = Received::default();
        let mut effects = Vec::new();
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let oldest = tokio::select! {
                oldest = self.inbox.receive(&mut received) => match oldest {
                    Some(oldest) => oldest,
                    None => return,
                },
                _ = ticks.tick() => {
                    received.inputs.push(Input::Tick);
                    self.broker.metrics().shard(self.index, self.shard.stats(), self.broker.shard(self.index).depth());
                    Instant::now()
                }
            };
            self.apply(&mut received, &mut effects, oldest);
            self.hand_over();
            self.wait_for_lanes().await;
        }
    }

    /// One batch: everything that was received is applied before anything is done about it.
    fn apply(&mut self, received: &mut Received, effects: &mut Vec<Effect<ReplyTo>>, oldest: Instant) {
        let now = self.broker.clock().now_ms();
        for input in received.inputs.drain(..) {
            self.shard.apply(input, now, effects);
        }
        self.shard.finish(now, effects);
        for effect in effects.drain(..) {
            self.perform(effect, oldest);
        }
        for query in received.queries.drain(..) {
            let channels = self.shard.active_channels().filter(|(key, _)| *key.tenant() == query.tenant);
            // Whoever asked may have gone away.
            let _ = query.reply.send(channels.map(|(key, count)| (Arc::clone(key.name()), count)).collect());
        }
    }

    fn perform(&mut self, effect: Effect<ReplyTo>, oldest: Instant) {
        match effect {
            Effect::Reply { to: ReplyTo::Connection { lane, connection, token }, reply } => {
                self.events[usize::from(lane.0)].push(LaneEvent::Reply { connection, token, reply });
            }
            Effect::Reply { to: ReplyTo::Caller(caller), reply } => self.answers.push((caller, reply)),
            Effect::Reply { to: ReplyTo::Nobody, .. } => {}
            Effect::Deliver { lanes, delivery } => {
                self.bursts += 1;
                let timed_from = self.bursts.is_multiple_of(TIMED_ONE_IN).then_some(oldest);
                let burst = Arc::new(Burst::new(delivery, timed_from));
                self.send_to(lanes, || LaneEvent::Deliver(Arc::clone(&burst)));
            }
            Effect::Committed { channel, publications } => {
                if let Some(domain) = self.broker.domain() {
                    domain.committed(&channel, &publications);
                }
            }
            Effect::Lost { channel } => {
                if let Some(domain) = self.broker.domain() {
                    domain.lost(&channel);
                }
            }
            Effect::Carry { channel, carried } => self.broker.engine().published(&channel, &carried),
            Effect::Follow { channel, is_followed } => self.broker.engine().follow(&channel, is_followed),
            Effect::Announce { lanes, channel, edge, info } => {
                let announcement = Arc::new(Announcement { channel, edge, info });
                self.send_to(lanes, || LaneEvent::Announce(Arc::clone(&announcement)));
            }
            Effect::Invalidate { lanes, channel } => self.send_to(lanes, || LaneEvent::Invalidate(channel)),
            Effect::OpenLog { channel, handle, candidate, newest_max } => {
                spawn_local(open_log(self.broker.clone(), self.index, channel, handle, candidate, newest_max));
            }
            Effect::Append { channel, handle, expected_last_offset, records } => {
                let append = LogAppend { channel, expected_last_offset, records };
                spawn_local(append_log(self.broker.clone(), self.index, handle, append));
            }
            Effect::Read { channel, ticket, first, last } => {
                spawn_local(read_log(self.broker.clone(), self.index, channel, ticket, first, last));
            }
            Effect::Trim { channel, first_offset } => {
                spawn_local(trim_log(self.broker.clone(), channel, first_offset));
            }
            Effect::Remove { channel, handle, first_offset } => {
                spawn_local(remove_below(self.broker.clone(), self.index, channel, handle, first_offset));
            }
        }
    }

    fn send_to(&mut self, lanes: LaneSet, mut event: impl FnMut() -> LaneEvent) {
        for lane in lanes.iter() {
            self.events[usize::from(lane.0)].push(event());
        }
    }

    /// One hand-over for each lane that something has come up for.
    fn hand_over(&mut self) {
        for (lane, events) in self.events.iter_mut().enumerate() {
            if !events.is_empty() {
                self.broker.lane_at(lane).send(std::mem::take(events));
            }
        }
        for (caller, reply) in self.answers.drain(..) {
            // A caller that has gone away is not owed an answer.
            drop(caller.send(reply));
        }
    }

    /// Lets lanes that are far behind catch up: the wait is passed on to publishers as a full mailbox.
    async fn wait_for_lanes(&self) {
        while self.broker.lanes_depth_max() > LANE_DEPTH_MAX {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        yield_now().await;
    }
}

async fn open_log(
    broker: Broker,
    shard: usize,
    channel: ChannelKey,
    handle: ChannelHandle,
    candidate: Epoch,
    newest_max: usize,
) {
    let log = load(&broker, &channel, candidate, newest_max).await;
    if let Err(error) = &log {
        failed(&broker, "open_log", error);
        tracing::warn!(%channel, %error, "a durable channel cannot be opened");
    }
    broker.shard(shard).send(vec![Input::LogOpened { channel, handle, log: log.ok() }]);
}

async fn load(
    broker: &Broker,
    channel: &ChannelKey,
    candidate: Epoch,
    newest_max: usize,
) -> Result<(LogHead, Vec<Arc<Publication>>), StoreError> {
    let head = broker.store().open_log(channel, candidate).await?;
    let newest_max = u64::try_from(newest_max).unwrap_or(u64::MAX);
    let first = head.first_offset.max(head.last_offset.saturating_sub(newest_max) + 1);
    let newest = read_range(broker, channel, first, head.last_offset).await?;
    if !ends_at(&newest, head.last_offset) {
        tracing::error!(%channel, "the newest events of a durable channel do not follow each other");
        broker.metrics().sequence_gap("log");
    }
    Ok((head, newest))
}

/// Whether events, of which a trim may have taken the first, are dense and end at `last`.
fn ends_at(events: &[Arc<Publication>], last: u64) -> bool {
    let is_dense = events.windows(2).all(|pair| pair[0].offset + 1 == pair[1].offset);
    is_dense && events.last().is_none_or(|newest| newest.offset == last)
}

/// Counts an operation that failed.
fn failed(broker: &Broker, operation: &'static str, error: &StoreError) {
    broker.metrics().store_failed(broker.store().name(), operation);
    if matches!(error, StoreError::Corrupt(_)) {
        broker.metrics().log_corrupt();
    }
}

async fn append_log(broker: Broker, shard: usize, handle: ChannelHandle, append: LogAppend) {
    let channel = append.channel.clone();
    let outcome = match broker.store().append(append).await {
        Ok(AppendOutcome::Appended) => CommitOutcome::Appended,
        Ok(AppendOutcome::Duplicate { index, position }) => CommitOutcome::Duplicate { index, position },
        // A domain has decided against what it had seen of the log, so it has to look again.
        Ok(AppendOutcome::Conflict(_)) if is_observed(&broker, &channel) => CommitOutcome::Lost,
        Ok(AppendOutcome::Conflict(_)) => CommitOutcome::Conflict,
        Err(AppendError::Unknown(_)) => CommitOutcome::Lost,
        Err(AppendError::Rejected(_)) => CommitOutcome::Rejected,
    };
    if matches!(outcome, CommitOutcome::Conflict) {
        tracing::debug!(%channel, "another node was first");
    }
    if matches!(outcome, CommitOutcome::Lost | CommitOutcome::Rejected) {
        broker.metrics().store_failed(broker.store().name(), "append");
    }
    if let Some(domain) = broker.domain().filter(|_| matches!(outcome, CommitOutcome::Lost)) {
        domain.lost(&channel);
    }
    broker.shard(shard).send(vec![Input::Committed { channel, handle, outcome }]);
}

/// Whether a domain follows what is appended to a channel.
fn is_observed(broker: &Broker, channel: &ChannelKey) -> bool {
    broker.domain().is_some_and(|domain| domain.channel_options(channel.name()).observed)
}

async fn read_log(broker: Broker, shard: usize, channel: ChannelKey, ticket: u64, first: u64, last: u64) {
    let publications = read_range(&broker, &channel, first, last).await;
    if let Err(error) = &publications {
        failed(&broker, "read_log", error);
        tracing::warn!(%channel, %error, "a durable channel cannot be read");
    }
    broker.shard(shard).send(vec![Input::ReadDone { ticket, publications: publications.ok() }]);
}

async fn read_range(
    broker: &Broker,
    channel: &ChannelKey,
    first: u64,
    last: u64,
) -> Result<Vec<Arc<Publication>>, StoreError> {
    let mut publications = Vec::new();
    let mut next = first;
    while next <= last {
        let limit = ((last - next + 1) as usize).min(READ_PAGE);
        let page = broker.store().read_log(channel, ReadRequest::forward(next, limit)).await?;
        let Some(newest) = page.last() else { break };
        next = newest.offset + 1;
        publications.extend(page.into_iter().filter(|publication| publication.offset <= last).map(Arc::new));
    }
    Ok(publications)
}

async fn remove_below(broker: Broker, shard: usize, channel: ChannelKey, handle: ChannelHandle, first_offset: u64) {
    let removed = broker.store().trim_log(&channel, first_offset).await;
    if let Err(error) = &removed {
        failed(&broker, "trim_log", error);
        tracing::warn!(%channel, %error, "the history of a durable channel cannot be removed");
    }
    broker.shard(shard).send(vec![Input::Removed { channel, handle, is_done: removed.is_ok() }]);
}

async fn trim_log(broker: Broker, channel: ChannelKey, first_offset: u64) {
    if let Err(error) = broker.store().trim_log(&channel, first_offset).await {
        failed(&broker, "trim_log", &error);
        tracing::warn!(%channel, %error, "a durable channel cannot be trimmed; it will be tried again as it grows");
    }
}
