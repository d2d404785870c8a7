//! A clean log of a chat to spoil; the tests show that every kind of spoiling is caught.

use super::log::{Answer, Call, ChatEvent, News};
use super::text;
use crate::oracle::log::{Event, Position, Resume};
use crate::oracle::verdict::Invariant;
use crate::oracle::{Judgement, judge};

const CHANNEL: &str = "room";
/// Offsets before the first message.
const FROM: u64 = 2;

/// A log that grows as its run would.
#[derive(Default)]
struct Scene {
    events: Vec<Event>,
    attempts: u64,
}

fn position(offset: u64) -> Position {
    Position { offset, epoch: "epoch".into() }
}

fn id(seq: u64) -> String {
    format!("id-{seq}")
}

fn key(seq: u64) -> String {
    format!("key-{seq}")
}

fn sent(seq: u64) -> Answer {
    Answer::Sent { id: id(seq), seq }
}

fn react(emoji: &str) -> Call {
    Call::React { message: id(2), emoji: emoji.into() }
}

fn unreact(emoji: &str) -> Call {
    Call::Unreact { message: id(2), emoji: emoji.into() }
}

fn edit(version: u64) -> Call {
    Call::Edit { message: id(1), version }
}

fn new(seq: u64) -> News {
    News::New { id: id(seq), seq, text: text::of(&key(seq), 0) }
}

fn updated(version: u64) -> News {
    News::Updated { id: id(1), text: text::of(&key(1), version) }
}

fn reaction(emoji: &str, added: bool) -> News {
    News::Reaction { message: id(2), emoji: emoji.into(), user: "ann".into(), added }
}

impl Scene {
    /// Three messages, of which the first is edited twice; "up" given to the second, "down" given and taken back; read up
    /// to the third. Two watchers, of which the second comes back in the middle.
    fn clean() -> Self {
        let mut scene = Self::default();
        for seq in 1..=3 {
            scene.call(Call::Send { key: key(seq) }, sent(seq));
        }
        for call in [edit(1), edit(2), react("up"), react("down"), unreact("down")] {
            scene.call(call, Answer::Done);
        }
        scene.call(Call::Read { seq: 2 }, Answer::ReadUpTo(2));
        scene.call(Call::Read { seq: 3 }, Answer::ReadUpTo(3));
        let told = [
            new(1),
            new(2),
            updated(1),
            new(3),
            updated(2),
            reaction("up", true),
            reaction("down", true),
            reaction("down", false),
        ];
        scene.watch(1, Resume::Fresh(position(FROM)), FROM, &told, true);
        scene.watch(2, Resume::Fresh(position(FROM)), FROM, &told[..3], false);
        scene.events.push(Event::Chat(ChatEvent::Asked { session: 3, offset: FROM + 3 }));
        scene.watch(3, Resume::Recovered(position(FROM + 3)), FROM + 3, &told[3..], true);
        scene.stored(1, 2, &[]);
        scene.stored(2, 0, &[("up", 1, &["ann"])]);
        scene.stored(3, 0, &[]);
        scene.chat(ChatEvent::Newest { channel: CHANNEL.into(), max_seq: 3 });
        scene.chat(ChatEvent::Mark { channel: CHANNEL.into(), user: "ann".into(), seq: 3 });
        scene.events.push(Event::HistoryTop { channel: CHANNEL.into(), top: position(FROM + told.len() as u64) });
        scene
    }

    fn chat(&mut self, event: ChatEvent) {
        self.events.push(Event::Chat(event));
    }

    fn call(&mut self, call: Call, answer: Answer) {
        self.attempts += 1;
        let attempt = self.attempts;
        self.chat(ChatEvent::Start { at_ns: 0, attempt, user: "ann".into(), channel: CHANNEL.into(), call });
        self.chat(ChatEvent::End { at_ns: 0, attempt, answer });
    }

    fn watch(&mut self, session: u64, resume: Resume, from: u64, told: &[News], caught_up: bool) {
        self.events.push(Event::SessionStart { at_ns: 0, session, channel: CHANNEL.into(), resume });
        for (offset, news) in (from + 1..).zip(told) {
            self.events.push(Event::Delivery { at_ns: 0, session, offset, id: String::new(), hash: offset });
            self.chat(ChatEvent::Told { session, offset, news: news.clone() });
        }
        self.events.push(Event::SessionEnd { at_ns: 0, session, caught_up });
    }

    fn stored(&mut self, seq: u64, version: u64, reactions: &[(&str, u64, &[&str])]) {
        let named = |(emoji, count, users): &(&str, u64, &[&str])| {
            ((*emoji).to_owned(), *count, users.iter().map(|user| (*user).to_owned()).collect())
        };
        let (id, text, reactions) = (id(seq), text::of(&key(seq), version), reactions.iter().map(named).collect());
        self.chat(ChatEvent::Stored { channel: CHANNEL.into(), id, seq, text, reactions });
    }

    /// Changes every event of the chat.
    fn change(mut self, change: impl Fn(&mut ChatEvent)) -> Self {
        for event in &mut self.events {
            if let Event::Chat(event) = event {
                change(event);
            }
        }
        self
    }

    /// Changes every answer to this call.
    fn answer(self, of: &Call, with: &Answer) -> Self {
        let is_of = |event: &Event| match event {
            Event::Chat(ChatEvent::Start { attempt, call, .. }) if call == of => Some(*attempt),
            _ => None,
        };
        let attempts: Vec<u64> = self.events.iter().filter_map(is_of).collect();
        assert!(!attempts.is_empty());
        self.change(|event| match event {
            ChatEvent::End { attempt, answer, .. } if attempts.contains(attempt) => *answer = with.clone(),
            _ => {}
        })
    }

    fn without(mut self, gone: impl Fn(&Event) -> bool) -> Self {
        let before = self.events.len();
        self.events.retain(|event| !gone(event));
        assert!(self.events.len() < before);
        self
    }

    fn judge(&self) -> Judgement {
        judge(&self.events)
    }

    #[track_caller]
    fn is_clean(&self) {
        let judgement = self.judge();
        assert!(judgement.is_clean(), "{judgement}");
    }

    #[track_caller]
    fn violates(&self, invariant: Invariant) {
        let judgement = self.judge();
        assert!(judgement.counts.contains_key(&invariant), "{invariant} not found:\n{judgement}");
    }
}

mod tests;
