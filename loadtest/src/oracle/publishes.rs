//! Publishes against the history: acknowledged is there (I1), at the offset that was answered (I2, I3), refused is not (I5).

use std::collections::HashMap;

use super::history::Histories;
use super::log::{Event, Outcome, Position};
use super::verdict::{Invariant, Judgement};

/// Everything that was tried for one message.
#[derive(Debug, Default)]
struct Message<'a> {
    hash: u64,
    acknowledged: Vec<Option<&'a Position>>,
    refused: u32,
    unknown: u32,
}

/// Judges every message that was published.
pub(super) fn judge(events: &[Event], histories: &Histories<'_>, judgement: &mut Judgement) {
    let messages = collect(events);
    for ((channel, id), message) in &messages {
        judgement.publishes[0] += message.acknowledged.len() as u64;
        judgement.publishes[1] += u64::from(message.refused);
        judgement.publishes[2] += u64::from(message.unknown);
        judge_message(channel, id, message, histories, judgement);
    }
}

fn collect(events: &[Event]) -> HashMap<(&str, &str), Message<'_>> {
    let mut outcomes: HashMap<u64, &Outcome> = HashMap::new();
    for event in events {
        if let Event::PublishEnd { attempt, outcome, .. } = event {
            outcomes.insert(*attempt, outcome);
        }
    }
    let mut messages: HashMap<(&str, &str), Message<'_>> = HashMap::new();
    for event in events {
        let Event::PublishStart { attempt, channel, id, hash, .. } = event else { continue };
        let message = messages.entry((channel, id)).or_default();
        message.hash = *hash;
        match outcomes.get(attempt) {
            Some(Outcome::Ok(position)) => message.acknowledged.push(position.as_ref()),
            Some(Outcome::Error(_)) => message.refused += 1,
            Some(Outcome::Unknown) | None => message.unknown += 1,
        }
    }
    messages
}

fn judge_message(channel: &str, id: &str, message: &Message<'_>, histories: &Histories<'_>, judgement: &mut Judgement) {
    let history = histories.of(channel);
    let Some(offset) = history.find(id) else {
        if !message.acknowledged.is_empty() {
            judgement.violated(Invariant::I1NoLoss, || format!("{channel}: acknowledged message {id} is missing"));
        }
        return;
    };
    if history.at(offset).is_some_and(|stored| stored.id == id && stored.hash != message.hash) {
        judgement.violated(Invariant::I1NoLoss, || format!("{channel}: message {id} at {offset} has other bytes"));
    }
    if message.acknowledged.is_empty() && message.unknown == 0 {
        judgement.violated(Invariant::I5NoPhantom, || format!("{channel}: refused message {id} is at offset {offset}"));
    }
    for position in message.acknowledged.iter().flatten().filter(|position| position.offset != offset) {
        let answered = position.offset;
        judgement.violated(Invariant::I3NoDuplicate, || {
            format!("{channel}: message {id} was answered with offset {answered} and is at {offset}")
        });
    }
}
