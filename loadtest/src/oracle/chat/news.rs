//! What watchers were told: the same to everybody, in one epoch, each message once and in order, each change that was
//! acknowledged, and nothing that nobody did. That each watcher's offsets have no gap is judged with the sessions.

use std::collections::{BTreeMap, HashMap};

use super::calls::Calls;
use super::log::{ChatEvent, News};
use super::messages::Messages;
use crate::oracle::log::{Event, Position, Resume};
use crate::oracle::verdict::{Invariant, Judgement};

mod timeline;

/// A watcher that missed fewer events than this must be told of them.
const BRIDGED: u64 = 1000;

/// What one channel's watchers were told, together.
#[derive(Debug, Default)]
struct Channel<'a> {
    epoch: Option<&'a str>,
    /// The offset behind which the first watcher began.
    from: Option<u64>,
    top: u64,
    hashes: HashMap<u64, u64>,
    told: BTreeMap<u64, &'a News>,
}

impl Channel<'_> {
    /// Whether somebody was told of every event from before the first message to the last.
    fn is_complete(&self) -> bool {
        self.from.is_some_and(|from| (from + 1..=self.top).all(|offset| self.told.contains_key(&offset)))
    }
}

/// Judges everything that was told.
pub(super) fn judge(events: &[Event], calls: &Calls<'_>, messages: &Messages<'_>, judgement: &mut Judgement) {
    let channels = read(events, judgement);
    for (name, channel) in &channels {
        timeline::judge(name, channel, calls, messages, judgement);
    }
}

fn read<'a>(events: &'a [Event], judgement: &mut Judgement) -> BTreeMap<&'a str, Channel<'a>> {
    let mut channels: BTreeMap<&str, Channel<'_>> = BTreeMap::new();
    let (mut sessions, mut asked): (HashMap<u64, &str>, HashMap<u64, u64>) = (HashMap::new(), HashMap::new());
    for event in events {
        match event {
            Event::Chat(ChatEvent::Asked { session, offset }) => {
                asked.insert(*session, *offset);
            }
            Event::SessionStart { session, channel, resume, .. } => {
                sessions.insert(*session, channel);
                let state = channels.entry(channel).or_default();
                start(channel, state, resume, asked.get(session).copied(), judgement);
            }
            Event::Delivery { session, offset, hash, .. } => {
                let channel = sessions.get(session).copied().unwrap_or_default();
                judgement.deliveries += 1;
                let known = *channels.entry(channel).or_default().hashes.entry(*offset).or_insert(*hash);
                if known != *hash {
                    judgement.violated(Invariant::I2DenseOrder, || {
                        format!("{channel}: two watchers were told different things at offset {offset}")
                    });
                }
            }
            Event::Chat(ChatEvent::Told { session, offset, news }) => {
                let channel = sessions.get(session).copied().unwrap_or_default();
                channels.entry(channel).or_default().told.entry(*offset).or_insert(news);
            }
            Event::HistoryTop { channel, top } => {
                let state = channels.entry(channel).or_default();
                state.top = top.offset;
                judge_epoch(channel, state, top, judgement);
            }
            _ => {}
        }
    }
    channels
}

fn start<'a>(name: &str, channel: &mut Channel<'a>, resume: &'a Resume, asked: Option<u64>, judgement: &mut Judgement) {
    let (Resume::Fresh(position) | Resume::Recovered(position) | Resume::Refused(position)) = resume;
    judge_epoch(name, channel, position, judgement);
    let offset = position.offset;
    match resume {
        Resume::Fresh(_) => channel.from = Some(channel.from.map_or(offset, |from| from.min(offset))),
        Resume::Recovered(_) => {}
        Resume::Refused(_) => {
            let missed = offset.saturating_sub(asked.unwrap_or_default());
            if missed < BRIDGED {
                judgement.violated(Invariant::I4Continuity, || {
                    format!("{name}: a watcher was told of a gap of {missed} events, which is not too long to bridge")
                });
            }
        }
    }
}

fn judge_epoch<'a>(name: &str, channel: &mut Channel<'a>, position: &'a Position, judgement: &mut Judgement) {
    let epoch = position.epoch.as_str();
    let known = *channel.epoch.get_or_insert(epoch);
    if epoch != known {
        judgement.violated(Invariant::I2DenseOrder, || format!("{name}: epoch {epoch:?}, earlier {known:?}"));
    }
}
