//! The judge of a workload: what was acknowledged against what its channels hold. Pure.
//!
//! - `seq` runs 1, 2, 3 … to the channel's `maxSeq`, without gap or repeat;
//! - every acknowledged message is there once, under the number that it was answered with;
//! - the messages of a connection stand in the order in which it sent them;
//! - nothing is there that nobody sent. A message without an answer may be there once or not at all.

use serde::Serialize;

use super::connection::SendLog;
use super::marker::Mark;
use crate::report::text::keep_reason;

/// A message as it was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its number in the channel.
    pub seq: u64,
    /// Which one it is, unless nobody of this run wrote it.
    pub mark: Option<Mark>,
}

/// A channel as it was read back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadBack {
    /// The newest number that the server named.
    pub max_seq: u64,
    /// Its messages, as they came.
    pub messages: Vec<Stored>,
}

/// What is wrong, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// Acknowledged and not there.
    pub missing: u64,
    /// There more than once.
    pub repeated: u64,
    /// There under another number than was answered.
    pub moved: u64,
    /// Behind a later message of the same connection.
    pub reordered: u64,
    /// Places at which `seq` does not go on by one.
    pub gaps: u64,
    /// There though nobody sent it.
    pub strangers: u64,
}

/// The judgement of a workload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Acknowledged messages.
    pub acknowledged: u64,
    /// Messages that were sent and not answered.
    pub unanswered: u64,
    /// Messages read back.
    pub stored: u64,
    /// What is wrong.
    pub faults: Faults,
    /// The first of it in words.
    pub findings: Vec<String>,
}

impl Faults {
    /// Whether anything is wrong.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

/// Judges the logs of all connections, by connection, against all channels, by the index that the logs name.
#[must_use]
pub fn judge(logs: &[SendLog], channels: &[ReadBack]) -> Judged {
    let mut judge = Judge::new(logs);
    for (index, channel) in channels.iter().enumerate() {
        judge.channel(index, channel);
    }
    judge.finish()
}

struct Judge<'a> {
    logs: &'a [SendLog],
    /// By connection and number, whether it was found.
    seen: Vec<Vec<bool>>,
    /// By connection, the highest number found.
    last: Vec<Option<u64>>,
    judged: Judged,
}

impl<'a> Judge<'a> {
    fn new(logs: &'a [SendLog]) -> Self {
        let seen = logs.iter().map(|log| vec![false; usize::try_from(log.sent).unwrap_or(usize::MAX)]).collect();
        Self { logs, seen, last: vec![None; logs.len()], judged: Judged::default() }
    }

    fn channel(&mut self, index: usize, channel: &ReadBack) {
        let mut expected = 1;
        for stored in &channel.messages {
            self.judged.stored += 1;
            if stored.seq != expected {
                self.judged.faults.gaps += 1;
                self.note(|| format!("channel {index}: seq {} where {expected} should be", stored.seq));
            }
            expected = stored.seq.saturating_add(1);
            self.message(index, *stored);
        }
        if channel.max_seq.saturating_add(1) != expected {
            self.judged.faults.gaps += 1;
            self.note(|| {
                format!("channel {index}: maxSeq is {}, the last message is {}", channel.max_seq, expected - 1)
            });
        }
    }

    fn message(&mut self, channel: usize, stored: Stored) {
        let known = stored.mark.and_then(|mark| Some((mark, self.logs.get(mark.connection)?)));
        let Some((mark, log)) = known.filter(|(mark, log)| log.channel == channel && mark.number < log.sent) else {
            self.judged.faults.strangers += 1;
            return self
                .note(|| format!("channel {channel}: nobody sent what is at {}: {:?}", stored.seq, stored.mark));
        };
        let Mark { connection, number } = mark;
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if std::mem::replace(&mut self.seen[connection][place], true) {
            self.judged.faults.repeated += 1;
            return self.note(|| format!("channel {channel}: {mark:?} is there again at {}", stored.seq));
        }
        if self.last[connection].is_some_and(|last| last > number) {
            self.judged.faults.reordered += 1;
            self.note(|| format!("channel {channel}: {mark:?} stands behind later ones of its connection"));
        }
        self.last[connection] = self.last[connection].max(Some(number));
        if let Some(answered) = log.acknowledged.get(place).filter(|seq| **seq != stored.seq) {
            self.judged.faults.moved += 1;
            self.note(|| format!("channel {channel}: {mark:?} was answered with {answered} and is at {}", stored.seq));
        }
    }

    fn finish(mut self) -> Judged {
        for (connection, log) in self.logs.iter().enumerate() {
            let acknowledged = log.acknowledged.len();
            self.judged.acknowledged += acknowledged as u64;
            self.judged.unanswered += log.sent - acknowledged as u64;
            let missing = self.seen[connection].iter().take(acknowledged).filter(|seen| !**seen).count();
            self.judged.faults.missing += missing as u64;
            if missing > 0 {
                self.note(|| format!("connection {connection}: {missing} acknowledged messages are missing"));
            }
        }
        self.judged
    }

    fn note(&mut self, finding: impl FnOnce() -> String) {
        keep_reason(&mut self.judged.findings, finding());
    }
}

#[cfg(test)]
mod tests;
