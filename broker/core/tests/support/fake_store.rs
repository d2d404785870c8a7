//! A store that does what it is asked only when it is told to, in any order, and with faults.

use std::collections::HashMap;
use std::sync::Arc;

use natter_core::{
    ChannelHandle, ChannelKey, CommitOutcome, Effect, Epoch, Input, LogHead, LogRecord, Position, Publication,
};

use super::ops::Answer;

/// One stored log. Trimmed events stay in `records`, so that tests can see what once was acknowledged.
#[derive(Debug)]
pub struct Log {
    pub epoch: Epoch,
    pub records: Vec<LogRecord>,
    pub first: u64,
}

#[derive(Debug)]
pub enum Task {
    Open { channel: ChannelKey, handle: ChannelHandle, candidate: Epoch, newest_max: usize },
    Append { channel: ChannelKey, handle: ChannelHandle, expected: u64, records: Vec<LogRecord> },
    Read { channel: ChannelKey, ticket: u64, first: u64, last: u64 },
    Remove { channel: ChannelKey, handle: ChannelHandle, first: u64 },
}

#[derive(Debug, Default)]
pub struct FakeStore {
    pub logs: HashMap<Arc<str>, Log>,
    pub tasks: Vec<Task>,
}

impl Log {
    pub fn last(&self) -> u64 {
        self.records.len() as u64
    }

    fn head(&self) -> LogHead {
        let last_seq = self.records.last().map_or(0, |record| record.publication.seq);
        let version = self.records.iter().rev().find_map(|record| record.version.clone());
        LogHead { epoch: self.epoch.clone(), last_offset: self.last(), last_seq, first_offset: self.first, version }
    }

    fn range(&self, first: u64, last: u64) -> Vec<Arc<Publication>> {
        let kept = self.records.iter().map(|record| &record.publication).filter(|kept| kept.offset >= self.first);
        kept.filter(|kept| (first..=last).contains(&kept.offset)).cloned().collect()
    }

    /// Where a key that one of `records` repeats is stored.
    fn duplicate(&self, records: &[LogRecord]) -> Option<(usize, u64)> {
        records.iter().enumerate().find_map(|(index, record)| {
            let key = record.idempotency_key.as_ref()?;
            let first = self.records.iter().find(|stored| stored.idempotency_key.as_ref() == Some(key))?;
            Some((index, first.publication.offset))
        })
    }
}

impl FakeStore {
    /// Takes in an effect that is for the store; gives others back.
    pub fn accept(&mut self, effect: Effect<u64>) -> Option<Effect<u64>> {
        match effect {
            Effect::OpenLog { channel, handle, candidate, newest_max } => {
                self.tasks.push(Task::Open { channel, handle, candidate, newest_max });
            }
            Effect::Append { channel, handle, expected_last_offset: expected, records } => {
                self.check_append(&channel, expected, &records);
                self.tasks.push(Task::Append { channel, handle, expected, records });
            }
            Effect::Read { channel, ticket, first, last } => {
                assert!(first <= last, "an empty range is read");
                self.tasks.push(Task::Read { channel, ticket, first, last });
            }
            Effect::Trim { channel, first_offset } => {
                let log = self.logs.get_mut(channel.name()).expect("only an open log is trimmed");
                assert!(first_offset <= log.last() + 1, "a trim beyond the end");
                log.first = log.first.max(first_offset);
            }
            Effect::Remove { channel, handle, first_offset } => {
                self.check_alone(&channel);
                self.tasks.push(Task::Remove { channel, handle, first: first_offset });
            }
            other => return Some(other),
        }
        None
    }

    fn check_append(&self, channel: &ChannelKey, expected: u64, records: &[LogRecord]) {
        self.check_alone(channel);
        assert!((1..=256).contains(&records.len()), "a batch of {} records", records.len());
        let bytes: usize = records.iter().map(|record| record.publication.data.len()).sum();
        assert!(records.len() == 1 || bytes <= 512 * 1024, "a batch of {bytes} bytes");
        for (index, record) in records.iter().enumerate() {
            assert_eq!(record.publication.offset, expected + 1 + index as u64, "offsets are dense");
        }
    }

    fn check_alone(&self, channel: &ChannelKey) {
        let is_write = |task: &Task| matches!(task, Task::Append { channel: other, .. } | Task::Remove { channel: other, .. } if other == channel);
        assert!(!self.tasks.iter().any(is_write), "two writes of one channel are under way");
    }

    /// Does, or fails to do, one thing.
    pub fn answer(&mut self, task: Task, answer: Answer) -> Input<u64> {
        match task {
            Task::Open { channel, handle, candidate, newest_max } => {
                let log = matches!(answer, Answer::Done).then(|| self.open(&channel, candidate, newest_max));
                Input::LogOpened { channel, handle, log }
            }
            Task::Read { channel, ticket, first, last } => {
                let publications = matches!(answer, Answer::Done).then(|| self.logs[channel.name()].range(first, last));
                Input::ReadDone { ticket, publications }
            }
            Task::Remove { channel, handle, first } => {
                let is_done = matches!(answer, Answer::Done);
                if is_done {
                    self.remove(&channel, first);
                }
                Input::Removed { channel, handle, is_done }
            }
            Task::Append { channel, handle, expected, records } => {
                let outcome = self.append(&channel, expected, records, answer);
                Input::Committed { channel, handle, outcome }
            }
        }
    }

    fn remove(&mut self, channel: &ChannelKey, first: u64) {
        let log = self.logs.get_mut(channel.name()).expect("only an open log is emptied");
        assert_eq!(first, log.last() + 1, "everything before it, and nothing else");
        log.first = first;
    }

    fn open(&mut self, channel: &ChannelKey, candidate: Epoch, newest_max: usize) -> (LogHead, Vec<Arc<Publication>>) {
        let new = || Log { epoch: candidate, records: Vec::new(), first: 1 };
        let log = self.logs.entry(Arc::clone(channel.name())).or_insert_with(new);
        let oldest = (log.last() + 1).saturating_sub(newest_max as u64);
        (log.head(), log.range(oldest, log.last()))
    }

    fn append(
        &mut self,
        channel: &ChannelKey,
        expected: u64,
        records: Vec<LogRecord>,
        answer: Answer,
    ) -> CommitOutcome {
        let log = self.logs.get_mut(channel.name()).expect("only an open log is appended to");
        match answer {
            Answer::Failed => return CommitOutcome::Rejected,
            Answer::Lost { is_applied: false } => return CommitOutcome::Lost,
            Answer::Lost { is_applied: true } | Answer::Done => {}
        }
        assert_eq!(expected, log.last(), "another writer moved the log");
        let outcome = match log.duplicate(&records) {
            Some((index, offset)) => {
                CommitOutcome::Duplicate { index, position: Position { offset, epoch: log.epoch.clone() } }
            }
            None => {
                log.records.extend(records);
                CommitOutcome::Appended
            }
        };
        if matches!(answer, Answer::Done) { outcome } else { CommitOutcome::Lost }
    }

    /// What is under way when the node dies happens or not; nobody is told.
    pub fn crash(&mut self, is_applied: bool) {
        for task in std::mem::take(&mut self.tasks) {
            match task {
                Task::Append { channel, expected, records, .. } => {
                    self.append(&channel, expected, records, Answer::Lost { is_applied });
                }
                Task::Remove { channel, first, .. } if is_applied => self.remove(&channel, first),
                _ => {}
            }
        }
    }
}
