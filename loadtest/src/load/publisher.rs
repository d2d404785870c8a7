//! One publishing connection: numbered messages out, answers in, and what became of each number.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hdrhistogram::Histogram;
use mio::{Poll, Token};

use super::checker::Published;
use super::connection::Connection;
use super::outstanding::{Outstanding, Sent};
use super::plan::Pace;
use super::publish::PublishCommand;
use super::shared::{Shared, Tally};
use crate::client::frame::{self, Opcode};
use crate::client::marker::{Marker, Template};
use crate::client::receive::{Received, Receiver};
use crate::client::scan::{Scanned, Scanner, publish_ack};
use crate::client::session::Parts;
use crate::client::wire::{self, Encoding};
use crate::report::text;

/// Refused and unanswered numbers that are remembered per stream.
const EXCUSED_MAX: usize = 1 << 20;

/// A stream and the channel it goes into.
#[derive(Debug)]
pub struct StreamPlan {
    /// The stream's number.
    pub stream: u32,
    /// Its channel.
    pub channel: String,
}

/// One publishing connection, ready to be handed to the thread.
#[derive(Debug)]
pub struct PublisherPlan {
    /// Its connection.
    pub parts: Parts,
    /// What it publishes, in turn.
    pub streams: Vec<StreamPlan>,
}

/// What the publishing thread knows at the end.
#[derive(Debug)]
pub struct Outcome {
    /// Per stream, what was published.
    pub published: Vec<Published>,
    /// Time to the acknowledgement, in nanoseconds, in the measured phase.
    pub acknowledged: Histogram<u64>,
    /// Why publishes failed, the first few.
    pub reasons: Vec<String>,
}

/// What the publishers share.
pub(super) struct Room {
    pub(super) poll: Poll,
    pub(super) pace: Pace,
    pub(super) template: Template,
    pub(super) encoding: Encoding,
    pub(super) shared: Arc<Shared>,
    pub(super) tally: Arc<Tally>,
}

/// One publishing connection in the thread's event queue.
pub(super) struct Publisher {
    connection: Option<Connection>,
    outstanding: Outstanding,
    streams: Vec<(u32, PublishCommand)>,
    turn: usize,
}

impl Publisher {
    /// Registers the connection; its ids go on behind the connect command's.
    pub(super) fn new(room: &Room, plan: PublisherPlan, token: Token) -> std::io::Result<Self> {
        let connection = Connection::register(plan.parts.stream, plan.parts.inbox, room.poll.registry(), token)?;
        let command = |plan: StreamPlan| (plan.stream, PublishCommand::new(room.encoding, &plan.channel));
        Ok(Self {
            connection: Some(connection),
            outstanding: Outstanding::new(2),
            streams: plan.streams.into_iter().map(command).collect(),
            turn: 0,
        })
    }

    /// Whether nothing is left to wait for.
    pub(super) fn is_done(&self) -> bool {
        self.connection.is_none() || self.outstanding.is_empty()
    }

    /// Whether another publish fits into the window and the socket keeps up.
    pub(super) fn may_publish(&self, window: usize) -> bool {
        self.outstanding.len() < window && self.connection.as_ref().is_some_and(|connection| !connection.is_congested())
    }

    /// Adds the next message of its streams to the outbox.
    pub(super) fn publish(&mut self, room: &mut Room, outcome: &mut Outcome, sent_ns: u64) {
        let Some(connection) = &mut self.connection else { return };
        let turn = self.turn;
        self.turn = (turn + 1) % self.streams.len();
        let (stream, command) = &mut self.streams[turn];
        let published = &mut outcome.published[*stream as usize];
        let sequence = published.count;
        published.count += 1;
        let id = self.outstanding.push(Sent { stream: *stream, sequence, sent_ns });
        let payload = room.template.fill(Marker { run: room.shared.run, stream: *stream, sequence, sent_ns });
        let mask = connection.mask;
        command.write(id, payload, mask, connection.outbox());
        room.tally.published.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends what the socket takes.
    pub(super) fn flush(&mut self, outcome: &mut Outcome) {
        let Some(connection) = &mut self.connection else { return };
        if let Err(error) = connection.flush() {
            self.end(outcome, error.to_string());
        }
    }

    /// Takes the answers that have come; `measured` says whether their times count.
    pub(super) fn read(
        &mut self,
        room: &Room,
        scanner: &Scanner,
        receiver: &mut Receiver,
        outcome: &mut Outcome,
        measured: bool,
        ending: bool,
    ) {
        let Some(connection) = &mut self.connection else { return };
        let (mask, outstanding) = (connection.mask, &mut self.outstanding);
        let result =
            connection.receive(receiver, &room.shared.clock, ending, |outbox, now_ns, received| match received {
                Received::Ping(payload) => frame::write(outbox, Opcode::Pong, mask, payload),
                Received::Message(message) => {
                    scanner.scan(message, |scanned| match scanned {
                        Scanned::Ping => wire::write_pong(room.encoding, mask, outbox),
                        Scanned::Other(reply) => accept(room, outstanding, outcome, reply, measured.then_some(now_ns)),
                        Scanned::Delivery(_) => {}
                    });
                }
            });
        if let Err(error) = result {
            room.tally.closed.fetch_add(1, Ordering::Relaxed);
            self.end(outcome, error.to_string());
        }
        self.flush(outcome);
    }

    fn end(&mut self, outcome: &mut Outcome, reason: String) {
        self.connection = None;
        text::keep_reason(&mut outcome.reasons, format!("publisher: {reason}"));
        self.give_up(outcome);
    }

    /// Counts everything outstanding as unanswered.
    pub(super) fn give_up(&mut self, outcome: &mut Outcome) {
        for sent in self.outstanding.take_all() {
            let unanswered = &mut outcome.published[sent.stream as usize].unanswered;
            if unanswered.len() < EXCUSED_MAX {
                unanswered.insert(sent.sequence);
            }
        }
    }
}

/// Takes one reply to a publish; `now_ns` is set in the measured phase.
fn accept(room: &Room, outstanding: &mut Outstanding, outcome: &mut Outcome, reply: &[u8], now_ns: Option<u64>) {
    if let Some(id) = publish_ack(room.encoding, reply) {
        return acknowledge(room, outstanding, outcome, id, now_ns);
    }
    match wire::read_reply(room.encoding, reply) {
        Ok(reply) => match reply.error {
            None if reply.id > 0 => acknowledge(room, outstanding, outcome, reply.id, now_ns),
            None => {}
            Some(error) => {
                text::keep_reason(&mut outcome.reasons, format!("publish refused: {} {}", error.code, error.message));
                refuse(&room.tally.refused, outstanding, outcome, reply.id);
            }
        },
        Err(error) => text::keep_reason(&mut outcome.reasons, error.to_string()),
    }
}

fn acknowledge(room: &Room, outstanding: &mut Outstanding, outcome: &mut Outcome, id: u32, now_ns: Option<u64>) {
    let Some(sent) = outstanding.take(id) else {
        return text::keep_reason(&mut outcome.reasons, format!("answer to unknown id {id}"));
    };
    room.tally.acknowledged.fetch_add(1, Ordering::Relaxed);
    if let Some(now_ns) = now_ns {
        outcome.acknowledged.saturating_record(now_ns.saturating_sub(sent.sent_ns));
    }
}

fn refuse(refused: &AtomicU64, outstanding: &mut Outstanding, outcome: &mut Outcome, id: u32) {
    let Some(sent) = outstanding.take(id) else { return };
    refused.fetch_add(1, Ordering::Relaxed);
    let numbers = &mut outcome.published[sent.stream as usize].refused;
    if numbers.len() < EXCUSED_MAX {
        numbers.insert(sent.sequence);
    }
}
