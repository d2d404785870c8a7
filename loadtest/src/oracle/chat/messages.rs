//! The channels as they were read back after the last round: the truth that everything else is held against.

use std::collections::{BTreeMap, HashMap};

use super::log::ChatEvent;
use super::text;
use crate::oracle::log::Event;
use crate::oracle::verdict::{Invariant, Judgement};

/// One stored message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) channel: &'a str,
    pub(super) id: &'a str,
    pub(super) seq: u64,
    /// Its key and version; `None` when its text is nobody's.
    pub(super) says: Option<(&'a str, u64)>,
    pub(super) reactions: &'a [(String, u64, Vec<String>)],
}

/// All channels.
#[derive(Debug, Default)]
pub(super) struct Messages<'a> {
    pub(super) all: Vec<Stored<'a>>,
    newest: BTreeMap<&'a str, u64>,
    by_id: HashMap<&'a str, usize>,
    by_key: HashMap<&'a str, usize>,
}

impl<'a> Messages<'a> {
    /// Collects what was read back.
    pub(super) fn read(events: &'a [Event]) -> Self {
        let mut messages = Self::default();
        for event in events {
            match event {
                Event::Chat(ChatEvent::Stored { channel, id, seq, text, reactions }) => {
                    let (says, index) = (text::read(text), messages.all.len());
                    messages.by_id.entry(id).or_insert(index);
                    if let Some((key, _)) = says {
                        messages.by_key.entry(key).or_insert(index);
                    }
                    messages.all.push(Stored { channel, id, seq: *seq, says, reactions });
                }
                Event::Chat(ChatEvent::Newest { channel, max_seq }) => {
                    messages.newest.insert(channel, *max_seq);
                }
                _ => {}
            }
        }
        messages
    }

    /// The message with an id.
    pub(super) fn find(&self, id: &str) -> Option<Stored<'a>> {
        self.by_id.get(id).map(|index| self.all[*index])
    }

    /// The message that was sent with a key.
    pub(super) fn sent(&self, key: &str) -> Option<Stored<'a>> {
        self.by_key.get(key).map(|index| self.all[*index])
    }

    /// The newest number of a channel, as the server named it.
    pub(super) fn newest(&self, channel: &str) -> u64 {
        self.newest.get(channel).copied().unwrap_or_default()
    }

    /// Judges the channels by themselves: numbers (I2), repeats (I3), texts (I1).
    pub(super) fn judge(&self, judgement: &mut Judgement) {
        let mut last: BTreeMap<&str, u64> = self.newest.keys().map(|channel| (*channel, 0)).collect();
        for (index, message) in self.all.iter().enumerate() {
            let Stored { channel, id, seq, says, .. } = *message;
            judgement.stored += 1;
            let last = last.entry(channel).or_default();
            if seq != *last + 1 {
                let last = *last;
                judgement.violated(Invariant::I2DenseOrder, || format!("{channel}: seq {seq} behind {last}"));
            }
            *last = seq;
            if self.by_id.get(id) != Some(&index) {
                judgement
                    .violated(Invariant::I3NoDuplicate, || format!("{channel}: message {id} is there again, at {seq}"));
            }
            match says {
                None => judgement
                    .violated(Invariant::I1NoLoss, || format!("{channel}: the text at {seq} is no text of this run")),
                Some((key, _)) if self.by_key.get(key) != Some(&index) => judgement
                    .violated(Invariant::I3NoDuplicate, || format!("{channel}: {key} is there again, at {seq}")),
                Some(_) => {}
            }
        }
        for (channel, last) in last {
            let newest = self.newest(channel);
            if last != newest {
                judgement
                    .violated(Invariant::I2DenseOrder, || format!("{channel}: ends at {last}, maxSeq is {newest}"));
            }
        }
    }
}
