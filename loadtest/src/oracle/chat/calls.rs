//! The calls of a log with their answers, in the order in which they were made.

use std::collections::HashMap;

use super::log::{Answer, Call, ChatEvent};
use crate::oracle::log::Event;

const UNKNOWN: Answer = Answer::Unknown;

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) user: &'a str,
    pub(super) channel: &'a str,
    pub(super) call: &'a Call,
    pub(super) answer: &'a Answer,
}

/// All attempts.
#[derive(Debug)]
pub(super) struct Calls<'a> {
    pub(super) attempts: Vec<Attempt<'a>>,
}

impl<'a> Calls<'a> {
    /// Collects the calls of a log.
    pub(super) fn read(events: &'a [Event]) -> Self {
        let mut answers: HashMap<u64, &Answer> = HashMap::new();
        for event in events {
            if let Event::Chat(ChatEvent::End { attempt, answer, .. }) = event {
                answers.insert(*attempt, answer);
            }
        }
        let attempt = |event: &'a Event| match event {
            Event::Chat(ChatEvent::Start { attempt, user, channel, call, .. }) => {
                let answer = answers.get(attempt).copied().unwrap_or(&UNKNOWN);
                Some(Attempt { user, channel, call, answer })
            }
            _ => None,
        };
        Self { attempts: events.iter().filter_map(attempt).collect() }
    }
}

impl Attempt<'_> {
    /// Whether it was answered, and not refused.
    pub(super) fn is_acknowledged(&self) -> bool {
        !matches!(self.answer, Answer::Refused(_) | Answer::Unknown)
    }

    /// Whether it may have been done.
    pub(super) fn is_possible(&self) -> bool {
        !matches!(self.answer, Answer::Refused(_))
    }
}
