//! What a chat's operation log has besides the log of a broker: calls, answers, and what was read back.

use serde::{Deserialize, Serialize};

/// What a user asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Send the message with this key, which is its `clientId`.
    Send {
        /// Every attempt for the same message has the same.
        key: String,
    },
    /// Give one's own message another text.
    Edit {
        /// Its id.
        message: String,
        /// The text's version, from 1; see [`super::text`].
        version: u64,
    },
    /// Add a reaction.
    React {
        /// To this message.
        message: String,
        /// Which one.
        emoji: String,
    },
    /// Take one's own reaction back.
    Unreact {
        /// From this message.
        message: String,
        /// Which one.
        emoji: String,
    },
    /// Mark everything up to a message as read.
    Read {
        /// The message's number.
        seq: u64,
    },
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A message was sent, now or at an earlier attempt.
    Sent {
        /// Its id.
        id: String,
        /// Its number.
        seq: u64,
    },
    /// It was done.
    Done,
    /// The read position afterwards.
    ReadUpTo(u64),
    /// It was refused with this status.
    Refused(u16),
    /// No answer, or one that says that the server could not tell.
    Unknown,
}

/// What an event of a channel said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// `message.new`.
    New {
        /// The message's id.
        id: String,
        /// Its number.
        seq: u64,
        /// Its text.
        text: String,
    },
    /// `message.updated`.
    Updated {
        /// The message's id.
        id: String,
        /// Its new text.
        text: String,
    },
    /// `reaction.added` (true) or `reaction.removed`.
    Reaction {
        /// The message's id.
        message: String,
        /// Which one.
        emoji: String,
        /// Whose.
        user: String,
        /// Whether it was added.
        added: bool,
    },
    /// Any other event of content.
    Other(String),
}

/// One event of the log that only a chat has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "chat", rename_all = "snake_case")]
pub enum ChatEvent {
    /// An attempt is about to be sent.
    Start {
        /// When, in nanoseconds since the run began.
        at_ns: u64,
        /// The attempt; its end names it again.
        attempt: u64,
        /// Who asks; one user has one connection, so its calls follow each other.
        user: String,
        /// In which channel.
        channel: String,
        /// For what.
        call: Call,
    },
    /// An attempt ended. One without an end is unknown.
    End {
        /// When.
        at_ns: u64,
        /// The attempt.
        attempt: u64,
        /// How.
        answer: Answer,
    },
    /// A watcher that had a position subscribes with it.
    Asked {
        /// The subscription that follows.
        session: u64,
        /// The last offset that it had.
        offset: u64,
    },
    /// What a delivery said; it comes right behind the delivery.
    Told {
        /// The subscription.
        session: u64,
        /// The delivery's offset.
        offset: u64,
        /// What.
        news: News,
    },
    /// A message as it was read back after the last round.
    Stored {
        /// Its channel.
        channel: String,
        /// Its id.
        id: String,
        /// Its number.
        seq: u64,
        /// Its text.
        text: String,
        /// Its reactions: which, how many, and whose.
        reactions: Vec<(String, u64, Vec<String>)>,
    },
    /// The end of a channel as it was read back.
    Newest {
        /// The channel.
        channel: String,
        /// Its `maxSeq`.
        max_seq: u64,
    },
    /// A member's read position as it was read back.
    Mark {
        /// The channel.
        channel: String,
        /// The member.
        user: String,
        /// The position.
        seq: u64,
    },
}
