//! Drives a lane: its mailbox, its wheel and one small task for each connection.

use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{spawn_local, yield_now};
use tokio::time::{MissedTickBehavior, interval};

use super::event::LaneInbox;
use super::wheel::TICK_MS;
use super::{ConnectionId, LaneEvent, SharedLane};

/// Sockets that are written to before connections get a chance to read.
const WRITES_PER_TURN: usize = 512;

/// Runs a lane until every sender of its mailbox is gone. Must be called on a `LocalSet`.
pub(crate) async fn run(lane: SharedLane, mut inbox: LaneInbox) {
    let mut events = Vec::new();
    let mut ticks = interval(Duration::from_millis(TICK_MS.unsigned_abs()));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            is_open = inbox.receive(&mut events) => {
                if !is_open {
                    return;
                }
                for accepted in lane.borrow_mut().round(&mut events) {
                    spawn_local(connection_task(Rc::clone(&lane), accepted));
                }
            }
            _ = ticks.tick() => lane.borrow_mut().tick(),
        }
        while lane.borrow_mut().flush_dirty(WRITES_PER_TURN) {
            yield_now().await;
        }
        lane.borrow_mut().round_flushed();
        yield_now().await;
    }
}

/// Polls one connection until it is gone.
fn connection_task(lane: SharedLane, id: ConnectionId) -> impl Future<Output = ()> {
    poll_fn(move |cx| lane.borrow_mut().poll_connection(id, cx))
}

impl super::Lane {
    /// Handles everything that was in the mailbox and returns the connections that were accepted.
    fn round(&mut self, events: &mut Vec<LaneEvent>) -> Vec<ConnectionId> {
        self.now_ms = self.broker.clock().now_ms();
        let accepted = events.drain(..).filter_map(|event| self.handle(event)).collect();
        self.end_round();
        accepted
    }

    fn round_flushed(&mut self) {
        if let Some(from) = self.timed_from.take() {
            self.broker.metrics().delivery_latency(from.elapsed());
        }
    }
}
