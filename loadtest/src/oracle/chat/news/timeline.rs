//! The events of one channel in the order of their offsets, as a client would fold them.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Channel;
use crate::oracle::chat::calls::Calls;
use crate::oracle::chat::log::{Call, News};
use crate::oracle::chat::messages::Messages;
use crate::oracle::chat::text;
use crate::oracle::verdict::{Invariant, Judgement};

type Reaction<'a> = (&'a str, &'a str, &'a str);

/// What a client that was told everything knows.
struct Timeline<'a, 'b> {
    name: &'b str,
    messages: &'b Messages<'a>,
    /// Every edit and reaction that may have been done.
    edits: HashSet<(&'a str, u64)>,
    reactions: HashSet<Reaction<'a>>,
    /// The newest message's number; `None` while it is not known, behind a hole.
    seq: Option<u64>,
    versions: HashMap<&'a str, u64>,
    told_edits: HashSet<(&'a str, u64)>,
    told_reactions: HashSet<Reaction<'a>>,
    present: BTreeSet<Reaction<'a>>,
}

/// Judges one channel.
pub(super) fn judge<'a>(
    name: &str,
    channel: &Channel<'a>,
    calls: &Calls<'a>,
    messages: &Messages<'a>,
    judgement: &mut Judgement,
) {
    let mut timeline = Timeline::new(name, calls, messages);
    let is_complete = channel.is_complete();
    if is_complete {
        timeline.seq = Some(0);
    }
    let mut last = channel.from;
    for (offset, news) in &channel.told {
        if last.is_none_or(|last| *offset != last + 1) {
            timeline.seq = None;
        }
        last = Some(*offset);
        timeline.step(*offset, news, is_complete, judgement);
    }
    if is_complete {
        timeline.judge_end(calls, judgement);
    }
}

impl<'a, 'b> Timeline<'a, 'b> {
    fn new(name: &'b str, calls: &Calls<'a>, messages: &'b Messages<'a>) -> Self {
        let (mut edits, mut reactions) = (HashSet::new(), HashSet::new());
        for attempt in calls.attempts.iter().filter(|attempt| attempt.is_possible()) {
            match attempt.call {
                Call::Edit { message, version } => {
                    edits.insert((message.as_str(), *version));
                }
                Call::React { message, emoji } => {
                    reactions.insert((message.as_str(), emoji.as_str(), attempt.user));
                }
                _ => {}
            }
        }
        Self {
            name,
            messages,
            edits,
            reactions,
            seq: None,
            versions: HashMap::new(),
            told_edits: HashSet::new(),
            told_reactions: HashSet::new(),
            present: BTreeSet::new(),
        }
    }

    fn step(&mut self, offset: u64, news: &'a News, is_complete: bool, judgement: &mut Judgement) {
        match news {
            News::New { id, seq, text } => self.message(offset, id, *seq, text, judgement),
            News::Updated { id, text } => self.edit(offset, id, text, judgement),
            News::Reaction { message, emoji, user, added } => {
                self.reaction(offset, (message, emoji, user), (*added, is_complete), judgement);
            }
            News::Other(_) => {}
        }
    }

    fn message(&mut self, offset: u64, id: &str, seq: u64, says: &str, judgement: &mut Judgement) {
        let name = self.name;
        if let Some(last) = self.seq.replace(seq)
            && seq != last + 1
        {
            judgement.violated(Invariant::I4Continuity, || {
                format!("{name}: message {seq} was told at offset {offset}, behind message {last}")
            });
        }
        let stored = self.messages.find(id).filter(|stored| stored.seq == seq && stored.channel == name);
        let key = stored.and_then(|stored| stored.says).map(|(key, _)| key);
        if key.is_none() || text::read(says).filter(|(_, version)| *version == 0).map(|(key, _)| key) != key {
            judgement.violated(Invariant::I5NoPhantom, || {
                format!("{name}: message {id} at {seq} was told at offset {offset}, and is not there so")
            });
        }
    }

    fn edit(&mut self, offset: u64, id: &'a str, says: &str, judgement: &mut Judgement) {
        let name = self.name;
        let key = self.messages.find(id).and_then(|stored| stored.says).map(|(key, _)| key);
        let read = text::read(says).filter(|(of, version)| Some(*of) == key && self.edits.contains(&(id, *version)));
        let Some((_, version)) = read else {
            return judgement.violated(Invariant::I5NoPhantom, || {
                format!("{name}: an edit of {id} was told at offset {offset} that nobody made")
            });
        };
        self.told_edits.insert((id, version));
        if let Some(earlier) = self.versions.insert(id, version).filter(|earlier| *earlier > version) {
            judgement.violated(Invariant::I4Continuity, || {
                format!("{name}: edit {version} of {id} was told at offset {offset}, behind edit {earlier}")
            });
        }
    }

    fn reaction(
        &mut self,
        offset: u64,
        reaction: Reaction<'a>,
        (added, is_complete): (bool, bool),
        judgement: &mut Judgement,
    ) {
        let (name, (message, emoji, user)) = (self.name, reaction);
        if !self.reactions.contains(&reaction) {
            return judgement.violated(Invariant::I5NoPhantom, || {
                format!("{name}: {emoji} of {user} to {message} was told at offset {offset}, and nobody gave it")
            });
        }
        let changes = if added {
            self.told_reactions.insert(reaction);
            self.present.insert(reaction)
        } else {
            self.present.remove(&reaction)
        };
        if !changes && is_complete {
            let what = if added { "added" } else { "removed" };
            judgement.violated(Invariant::I3NoDuplicate, || {
                format!("{name}: {emoji} of {user} to {message} was {what} again at offset {offset}")
            });
        }
    }

    /// A client that was told everything knows everything that was acknowledged, and has what is there.
    fn judge_end(&self, calls: &Calls<'a>, judgement: &mut Judgement) {
        let (name, newest) = (self.name, self.messages.newest(self.name));
        let told = self.seq.unwrap_or_default();
        if told != newest {
            judgement.violated(Invariant::I4Continuity, || format!("{name}: told of {told} messages of {newest}"));
        }
        for attempt in calls.attempts.iter().filter(|attempt| attempt.channel == name && attempt.is_acknowledged()) {
            let is_told = match attempt.call {
                Call::Edit { message, version } => self.told_edits.contains(&(message.as_str(), *version)),
                Call::React { message, emoji } => {
                    self.told_reactions.contains(&(message.as_str(), emoji.as_str(), attempt.user))
                }
                _ => true,
            };
            if !is_told {
                judgement
                    .violated(Invariant::I4Continuity, || format!("{name}: nobody was told of {:?}", attempt.call));
            }
        }
        let mut stored = BTreeSet::new();
        for message in self.messages.all.iter().filter(|message| message.channel == name) {
            for (emoji, _, users) in message.reactions {
                stored.extend(users.iter().map(|user| (message.id, emoji.as_str(), user.as_str())));
            }
        }
        for (message, emoji, user) in stored.symmetric_difference(&self.present) {
            judgement.violated(Invariant::I4Continuity, || {
                format!("{name}: what was told of {emoji} of {user} to {message} is not what is there")
            });
        }
    }
}
