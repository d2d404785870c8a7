//! Read positions: each answer against those before it, and the last against what was read back.

use std::collections::HashMap;

use super::calls::{Attempt, Calls};
use super::log::{Answer, Call, ChatEvent};
use super::messages::Messages;
use crate::oracle::log::Event;
use crate::oracle::verdict::{Invariant, Judgement};

/// Judges them all, and counts what was acknowledged.
pub(super) fn judge(calls: &Calls<'_>, events: &[Event], messages: &Messages<'_>, judgement: &mut Judgement) {
    let mut answered: HashMap<(&str, &str), u64> = HashMap::new();
    for attempt in &calls.attempts {
        let (Call::Read { seq }, Answer::ReadUpTo(position)) = (attempt.call, attempt.answer) else { continue };
        judgement.changes[2] += 1;
        let Attempt { user, channel, .. } = *attempt;
        let before = answered.entry((channel, user)).or_default();
        if position < before || position < seq {
            let before = *before;
            judgement.violated(Invariant::I6ReadPosition, || {
                format!("{channel}: {user} read up to {seq} and was answered {position}, after {before}")
            });
        }
        *before = (*before).max(*position);
    }
    for event in events {
        let Event::Chat(ChatEvent::Mark { channel, user, seq }) = event else { continue };
        let before = answered.remove(&(channel.as_str(), user.as_str())).unwrap_or_default();
        let newest = messages.newest(channel);
        if !(before..=newest).contains(seq) {
            judgement.violated(Invariant::I6ReadPosition, || {
                format!("{channel}: {user} has read up to {seq} of {newest}, and was answered {before}")
            });
        }
    }
    for ((channel, user), position) in answered {
        judgement.violated(Invariant::I6ReadPosition, || {
            format!("{channel}: the position of {user}, who read up to {position}, is missing")
        });
    }
}
