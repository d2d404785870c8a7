//! The history as it was read after the last round: the truth that everything else is held against (I2, I3).

use std::collections::HashMap;

use super::log::{Event, Outcome, Position, Resume};
use super::verdict::{Invariant, Judgement};

/// One stored message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored<'a> {
    pub(super) id: &'a str,
    pub(super) hash: u64,
}

/// One channel's history.
#[derive(Debug, Default)]
pub(super) struct History<'a> {
    epoch: &'a str,
    top: Option<&'a Position>,
    entries: Vec<(u64, &'a str, Stored<'a>)>,
    by_offset: HashMap<u64, Stored<'a>>,
    by_id: HashMap<&'a str, u64>,
}

impl<'a> History<'a> {
    /// The message at an offset.
    pub(super) fn at(&self, offset: u64) -> Option<Stored<'a>> {
        self.by_offset.get(&offset).copied()
    }

    /// The offset of a message id.
    pub(super) fn find(&self, id: &str) -> Option<u64> {
        self.by_id.get(id).copied()
    }

    /// The newest offset; 0 when the channel is empty.
    pub(super) fn top(&self) -> u64 {
        self.top.map_or(0, |top| top.offset)
    }
}

/// The histories of all channels.
#[derive(Debug, Default)]
pub(super) struct Histories<'a> {
    channels: HashMap<&'a str, History<'a>>,
    empty: History<'a>,
}

impl<'a> Histories<'a> {
    /// Collects the history events of a log.
    pub(super) fn read(events: &'a [Event]) -> Self {
        let mut histories = Self::default();
        for event in events {
            match event {
                Event::History { channel, epoch, offset, id, hash } => {
                    let history = histories.channels.entry(channel).or_default();
                    let stored = Stored { id, hash: *hash };
                    history.entries.push((*offset, epoch, stored));
                    history.by_offset.entry(*offset).or_insert(stored);
                    history.by_id.entry(id).or_insert(*offset);
                }
                Event::HistoryTop { channel, top } => {
                    let history = histories.channels.entry(channel).or_default();
                    history.epoch = &top.epoch;
                    history.top = Some(top);
                }
                _ => {}
            }
        }
        histories
    }

    /// The history of a channel; empty when none was read.
    pub(super) fn of(&self, channel: &str) -> &History<'a> {
        self.channels.get(channel).unwrap_or(&self.empty)
    }

    /// Judges the histories by themselves and every epoch that anybody was told.
    pub(super) fn judge(&self, events: &[Event], judgement: &mut Judgement) {
        for (channel, history) in &self.channels {
            judge_entries(channel, history, judgement);
            judgement.stored += history.entries.len() as u64;
        }
        let mut attempts: HashMap<u64, &str> = HashMap::new();
        for event in events {
            match event {
                Event::PublishStart { attempt, channel, .. } => {
                    attempts.insert(*attempt, channel);
                }
                Event::PublishEnd { attempt, outcome: Outcome::Ok(Some(position)), .. } => {
                    let channel = attempts.get(attempt).copied().unwrap_or_default();
                    self.judge_epoch(channel, &position.epoch, judgement);
                }
                Event::SessionStart { channel, resume, .. } => {
                    let (Resume::Fresh(position) | Resume::Recovered(position) | Resume::Refused(position)) = resume;
                    self.judge_epoch(channel, &position.epoch, judgement);
                }
                _ => {}
            }
        }
    }

    fn judge_epoch(&self, channel: &str, epoch: &str, judgement: &mut Judgement) {
        let known = self.of(channel).epoch;
        if epoch != known {
            judgement.violated(Invariant::I2DenseOrder, || format!("{channel}: epoch {epoch:?}, later {known:?}"));
        }
    }
}

fn judge_entries(channel: &str, history: &History<'_>, judgement: &mut Judgement) {
    let mut expected = 1;
    for &(offset, epoch, stored) in &history.entries {
        if offset != expected {
            judgement.violated(Invariant::I2DenseOrder, || {
                format!("{channel}: history has offset {offset} where {expected} should be")
            });
        }
        expected = offset + 1;
        if epoch != history.epoch {
            judgement.violated(Invariant::I2DenseOrder, || format!("{channel}: epoch {epoch:?} at offset {offset}"));
        }
        let first = history.find(stored.id).unwrap_or(offset);
        if first != offset {
            judgement.violated(Invariant::I3NoDuplicate, || {
                format!("{channel}: message {} is at offsets {first} and {offset}", stored.id)
            });
        }
    }
    if history.top() + 1 != expected {
        let (top, last) = (history.top(), expected - 1);
        judgement.violated(Invariant::I2DenseOrder, || format!("{channel}: history ends at {last}, its top is {top}"));
    }
}
