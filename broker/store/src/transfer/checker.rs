//! Whether what a store holds is sound: every event readable, offsets without a gap, message numbers without a gap, and
//! every log as long as its head says.

use natter_core::{ChannelKey, LogHead, MESSAGE, Publication};

use super::digest::Digest;
use super::entry::Entry;
use super::sink::Sink;
use crate::record;
use crate::store::StoreError;

/// Findings that are told; the others are only counted.
const TOLD_MAX: usize = 1000;

/// What a check has seen.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How much there is.
    pub digest: Digest,
    /// What is wrong, up to 1,000 of it.
    pub findings: Vec<String>,
    /// How much is wrong in all.
    pub found: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.found == 0
    }

    fn note(&mut self, finding: String) {
        self.found += 1;
        if self.findings.len() < TOLD_MAX {
            self.findings.push(finding);
        }
    }
}

/// Checks entries in the order of a walk.
#[derive(Default)]
pub struct Checker {
    report: Report,
    log: Option<LogCheck>,
}

/// The log whose events come now.
struct LogCheck {
    channel: ChannelKey,
    head: LogHead,
    next_offset: u64,
    /// The number of the last message; unknown before the first event of a trimmed log.
    last_seq: Option<u64>,
}

impl Checker {
    /// Ends the check.
    pub fn finish(mut self) -> Report {
        self.end_log();
        self.report
    }

    fn begin_log(&mut self, channel: &ChannelKey, head: &LogHead) {
        self.end_log();
        let last_seq = (head.first_offset == 1).then_some(0);
        let (channel, head) = (channel.clone(), head.clone());
        self.log = Some(LogCheck { channel, next_offset: head.first_offset, head, last_seq });
    }

    fn end_log(&mut self) {
        let Some(LogCheck { channel, head, next_offset, last_seq }) = self.log.take() else { return };
        if next_offset <= head.last_offset {
            let last = head.last_offset;
            self.report.note(format!("{channel}: the events from {next_offset} to {last} are missing"));
        } else if last_seq.is_some_and(|seq| seq != head.last_seq) {
            let (found, said) = (last_seq.unwrap_or_default(), head.last_seq);
            self.report.note(format!("{channel}: the last message is {found}, the head says {said}"));
        }
    }

    fn check_event(&mut self, channel: &ChannelKey, offset: u64, value: &[u8]) {
        let Some(log) = self.log.as_mut().filter(|log| log.channel == *channel) else {
            self.report.note(format!("{channel} at offset {offset}: an event without its log"));
            return;
        };
        let mut wrong = Vec::new();
        if offset != log.next_offset {
            wrong.push(format!("the event follows {}", log.next_offset.saturating_sub(1)));
        }
        log.next_offset = offset.saturating_add(1);
        match record::decode(offset, value) {
            Ok(event) => wrong.extend(log.wrong_seq(&event)),
            Err(error) => {
                // What its number was, nobody knows.
                log.last_seq = None;
                wrong.push(error.to_string());
            }
        }
        wrong.into_iter().for_each(|reason| self.report.note(format!("{channel} at offset {offset}: {reason}")));
    }
}

impl LogCheck {
    /// Goes on to an event's number; says so when it is not the one that must come.
    fn wrong_seq(&mut self, event: &Publication) -> Option<String> {
        let before = self.last_seq.replace(event.seq)?;
        let expected = before.saturating_add(u64::from(event.kind == MESSAGE));
        (event.seq != expected).then(|| format!("message number {} instead of {expected}", event.seq))
    }
}

impl Sink for Checker {
    fn entry(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.report.digest.add(&entry);
        match &entry {
            Entry::Log(channel, head) => self.begin_log(channel, head),
            Entry::Event { channel, offset, value } => self.check_event(channel, *offset, value),
            Entry::RowFloor(_) | Entry::Row(..) => {}
            Entry::Key { channel, offset, .. } => {
                let head = self.log.as_ref().filter(|log| log.channel == *channel).map(|log| &log.head);
                if head.is_none_or(|head| *offset == 0 || *offset > head.last_offset) {
                    self.report.note(format!("{channel}: an idempotency key leads to {offset}, where nothing is"));
                }
            }
        }
        Ok(())
    }

    fn finding(&mut self, finding: String) -> Result<(), StoreError> {
        self.report.note(finding);
        Ok(())
    }
}
