//! The operation log: one JSON line per event, written while the run goes on and outside of the server.

use serde::{Deserialize, Serialize};

use super::chat::ChatEvent;

/// A place in a channel's stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The offset of the last message.
    pub offset: u64,
    /// The stream's identity.
    pub epoch: String,
}

/// How a publish ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Acknowledged, with its position where the interface tells it.
    Ok(Option<Position>),
    /// Refused with this code.
    Error(u32),
    /// No answer.
    Unknown,
}

/// What a session was told when it subscribed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resume {
    /// It asked for nothing earlier: deliveries follow this position.
    Fresh(Position),
    /// Continuity holds: deliveries follow the position that it asked from.
    Recovered(Position),
    /// It was told that continuity is lost: deliveries follow this position.
    Refused(Position),
}

/// One event. Times are in nanoseconds since the run began and only explain; order in the log is what counts, per session
/// and per publish attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run's parameters, for whoever reads the log.
    Run {
        /// Repeats the schedule of kills.
        seed: u64,
    },
    /// A publish attempt is about to be sent.
    PublishStart {
        /// When.
        at_ns: u64,
        /// The attempt; its end names it again.
        attempt: u64,
        /// Where to.
        channel: String,
        /// The message id; every attempt for the same message has the same.
        id: String,
        /// Hash of the payload.
        hash: u64,
    },
    /// A publish attempt ended. One without an end is unknown.
    PublishEnd {
        /// When.
        at_ns: u64,
        /// The attempt.
        attempt: u64,
        /// How.
        outcome: Outcome,
    },
    /// A subscriber subscribed.
    SessionStart {
        /// When.
        at_ns: u64,
        /// This subscription; every reconnect makes a new one.
        session: u64,
        /// The channel.
        channel: String,
        /// What it was told.
        resume: Resume,
    },
    /// A message reached a session.
    Delivery {
        /// When.
        at_ns: u64,
        /// The subscription.
        session: u64,
        /// Its offset.
        offset: u64,
        /// Its message id.
        id: String,
        /// Hash of its payload.
        hash: u64,
    },
    /// A session ended.
    SessionEnd {
        /// When.
        at_ns: u64,
        /// The subscription.
        session: u64,
        /// Whether it had waited for everything that was published before it ended; otherwise its connection broke.
        caught_up: bool,
    },
    /// The server was killed.
    Killed {
        /// When.
        at_ns: u64,
        /// Which round.
        round: u32,
    },
    /// The server was ready again.
    Ready {
        /// When.
        at_ns: u64,
        /// Which round.
        round: u32,
    },
    /// One message of the history that was read after the last round.
    History {
        /// The channel.
        channel: String,
        /// The epoch that the page named.
        epoch: String,
        /// Its offset.
        offset: u64,
        /// Its message id.
        id: String,
        /// Hash of its payload.
        hash: u64,
    },
    /// The end of a channel's history, as the server names it.
    HistoryTop {
        /// The channel.
        channel: String,
        /// Its newest position.
        top: Position,
    },
    /// What only a chat's log has.
    Chat(ChatEvent),
}
