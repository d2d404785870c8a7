//! Sessions: each sees a gap-free run from where it was told to be, up to the end if it waited for it (I4).

use std::collections::HashMap;

use super::history::Histories;
use super::log::{Event, Resume};
use super::verdict::{Invariant, Judgement};

/// A session under judgement.
#[derive(Debug, Clone, Copy)]
struct Session<'a> {
    channel: &'a str,
    last: u64,
}

/// Judges every session from its start to its end.
pub(super) fn judge(events: &[Event], histories: &Histories<'_>, judgement: &mut Judgement) {
    let mut sessions: HashMap<u64, Session<'_>> = HashMap::new();
    for event in events {
        match event {
            Event::SessionStart { session, channel, resume, .. } => {
                let last = count_start(resume, judgement);
                sessions.insert(*session, Session { channel, last });
            }
            Event::Delivery { session, offset, .. } => match sessions.get_mut(session) {
                Some(state) => judge_step(*session, state, *offset, judgement),
                None => judgement
                    .violated(Invariant::I4Continuity, || format!("session {session}: delivery without a start")),
            },
            Event::SessionEnd { session, caught_up: true, .. } => {
                if let Some(state) = sessions.get(session) {
                    judge_end(*session, *state, histories, judgement);
                }
            }
            _ => {}
        }
    }
}

/// Counts the session and gives the offset that its deliveries follow.
fn count_start(resume: &Resume, judgement: &mut Judgement) -> u64 {
    judgement.sessions[0] += 1;
    match resume {
        Resume::Fresh(position) => position.offset,
        Resume::Recovered(position) => {
            judgement.sessions[1] += 1;
            position.offset
        }
        Resume::Refused(position) => {
            judgement.sessions[2] += 1;
            position.offset
        }
    }
}

fn judge_step(number: u64, session: &mut Session<'_>, offset: u64, judgement: &mut Judgement) {
    let Session { channel, last } = *session;
    if offset != last + 1 {
        judgement.violated(Invariant::I4Continuity, || {
            format!("{channel}: session {number} got offset {offset} after {last}")
        });
    }
    session.last = offset;
}

fn judge_end(number: u64, session: Session<'_>, histories: &Histories<'_>, judgement: &mut Judgement) {
    let Session { channel, last } = session;
    let top = histories.of(channel).top();
    if last != top {
        judgement.violated(Invariant::I4Continuity, || {
            format!("{channel}: session {number} ended at offset {last} without a word, the top is {top}")
        });
    }
}
