//! Sends against the channels: acknowledged is there, as it was answered, once; and what is there was sent.

use std::collections::HashMap;

use super::calls::{Attempt, Calls};
use super::log::{Answer, Call};
use super::messages::Messages;
use crate::oracle::verdict::{Invariant, Judgement};

/// Judges every send, and that no call was refused.
pub(super) fn judge(calls: &Calls<'_>, messages: &Messages<'_>, judgement: &mut Judgement) {
    let mut channels: HashMap<&str, &str> = HashMap::new();
    for attempt in &calls.attempts {
        count(attempt, judgement);
        if let Call::Send { key } = attempt.call {
            if attempt.is_possible() {
                channels.insert(key, attempt.channel);
            }
            if let Answer::Sent { id, seq } = attempt.answer {
                judge_acknowledged(attempt, key, (id, *seq), messages, judgement);
            }
        }
    }
    for message in &messages.all {
        let Some((key, _)) = message.says else { continue };
        if channels.get(key) != Some(&message.channel) {
            let (channel, seq) = (message.channel, message.seq);
            judgement.violated(Invariant::I5NoPhantom, || format!("{channel}: nobody sent {key}, which is at {seq}"));
        }
    }
}

fn count(attempt: &Attempt<'_>, judgement: &mut Judgement) {
    let Attempt { user, channel, call, answer } = attempt;
    match answer {
        Answer::Refused(status) => {
            judgement.publishes[1] += 1;
            judgement
                .violated(Invariant::I1NoLoss, || format!("{channel}: {call:?} of {user} was refused with {status}"));
        }
        Answer::Unknown => judgement.publishes[2] += 1,
        _ => judgement.publishes[0] += 1,
    }
}

fn judge_acknowledged(
    attempt: &Attempt<'_>,
    key: &str,
    (id, seq): (&str, u64),
    messages: &Messages<'_>,
    judgement: &mut Judgement,
) {
    let channel = attempt.channel;
    match messages.sent(key) {
        None => judgement.violated(Invariant::I1NoLoss, || format!("{channel}: acknowledged message {key} is missing")),
        Some(stored) if (stored.id, stored.seq) != (id, seq) => {
            judgement.violated(Invariant::I3NoDuplicate, || {
                format!("{channel}: {key} was answered as {id} at {seq} and is {} at {}", stored.id, stored.seq)
            });
        }
        Some(_) => {}
    }
}
