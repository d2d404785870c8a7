//! Edits and reactions against the messages as they are in the end.

use std::collections::{BTreeSet, HashMap};

use super::calls::{Attempt, Calls};
use super::log::Call;
use super::messages::{Messages, Stored};
use crate::oracle::verdict::{Invariant, Judgement};

/// Users that a reaction names at most; beyond them only its count goes on.
const USERS_NAMED: usize = 100;

/// The versions that a message may have in the end.
#[derive(Debug, Default)]
struct Versions {
    acknowledged: u64,
    possible: BTreeSet<u64>,
}

/// What a user's reaction may be in the end: as the last acknowledged call left it, or as any call behind it would.
#[derive(Debug)]
struct Reaction {
    may_be_there: bool,
    may_be_absent: bool,
}

impl Default for Reaction {
    fn default() -> Self {
        Self { may_be_there: false, may_be_absent: true }
    }
}

type ReactionKey<'a> = (&'a str, &'a str, &'a str);

/// Judges them all, and counts what was acknowledged.
pub(super) fn judge(calls: &Calls<'_>, messages: &Messages<'_>, judgement: &mut Judgement) {
    let mut versions: HashMap<&str, Versions> = HashMap::new();
    let mut reactions: HashMap<ReactionKey<'_>, Reaction> = HashMap::new();
    for attempt in calls.attempts.iter().filter(|attempt| attempt.is_possible()) {
        let acknowledged = u64::from(attempt.is_acknowledged());
        match attempt.call {
            Call::Edit { message, version } => {
                judgement.changes[0] += acknowledged;
                let versions = versions.entry(message).or_default();
                versions.possible.insert(*version);
                versions.acknowledged = versions.acknowledged.max(acknowledged * version);
            }
            Call::React { message, emoji } | Call::Unreact { message, emoji } => {
                judgement.changes[1] += acknowledged;
                reactions.entry((message, emoji, attempt.user)).or_default().step(attempt);
            }
            Call::Send { .. } | Call::Read { .. } => {}
        }
    }
    for message in &messages.all {
        judge_version(message, versions.remove(message.id).unwrap_or_default(), judgement);
        judge_reactions(message, &mut reactions, judgement);
    }
    for ((message, ..), _) in reactions.iter().filter(|(_, reaction)| !reaction.may_be_absent) {
        judgement.violated(Invariant::I1NoLoss, || format!("an acknowledged reaction to {message} is missing"));
    }
    for (message, _) in versions.iter().filter(|(_, versions)| versions.acknowledged > 0) {
        judgement
            .violated(Invariant::I1NoLoss, || format!("message {message}, whose edit was acknowledged, is missing"));
    }
}

impl Reaction {
    fn step(&mut self, attempt: &Attempt<'_>) {
        let adds = matches!(attempt.call, Call::React { .. });
        if attempt.is_acknowledged() {
            (self.may_be_there, self.may_be_absent) = (adds, !adds);
        } else {
            self.may_be_there |= adds;
            self.may_be_absent |= !adds;
        }
    }
}

fn judge_version(message: &Stored<'_>, versions: Versions, judgement: &mut Judgement) {
    let (Stored { channel, seq, .. }, Some((key, version))) = (*message, message.says) else { return };
    let acknowledged = versions.acknowledged;
    if version < acknowledged {
        judgement.violated(Invariant::I1NoLoss, || {
            format!("{channel}: {key} at {seq} has version {version}, edit {acknowledged} was acknowledged")
        });
    }
    if version > 0 && !versions.possible.contains(&version) {
        judgement.violated(Invariant::I5NoPhantom, || {
            format!("{channel}: nobody wrote version {version} of {key} at {seq}")
        });
    }
}

/// Takes the reactions that are there out of `reactions`; what must be there stays.
fn judge_reactions<'a>(
    message: &Stored<'a>,
    reactions: &mut HashMap<ReactionKey<'a>, Reaction>,
    judgement: &mut Judgement,
) {
    let Stored { channel, id, .. } = *message;
    for (emoji, count, users) in message.reactions {
        let mut seen = BTreeSet::new();
        for user in users {
            if !seen.insert(user) {
                judgement
                    .violated(Invariant::I3NoDuplicate, || format!("{channel}: {emoji} of {user} is twice at {id}"));
            } else if !reactions.remove(&(id, emoji, user)).is_some_and(|reaction| reaction.may_be_there) {
                judgement.violated(Invariant::I5NoPhantom, || {
                    format!("{channel}: {emoji} of {user} is at {id}, and was never given or was taken back")
                });
            }
        }
        if *count != users.len() as u64 && users.len() < USERS_NAMED {
            judgement.violated(Invariant::I3NoDuplicate, || {
                format!("{channel}: {emoji} at {id} counts {count} and names {} users", users.len())
            });
        }
    }
}
