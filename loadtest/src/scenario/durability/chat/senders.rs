//! The users of a run, one thread each. Every call and its answer goes into the log, and a call without an answer is
//! made again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Cast, Known};
use crate::client::chatsdk::{CallError, ChatSdk};
use crate::oracle::Event;
use crate::oracle::chat::{Answer, Call, ChatEvent, text};
use crate::scenario::durability::retry::until_answered;
use crate::scenario::durability::{Act, Stage};

/// Reactions that are given: a character of several bytes, one of several characters, and a name.
const EMOJI: [&str; 3] = ["👍", "❤️", "heart"];

/// Starts every user's thread.
pub(in crate::scenario::durability) fn start(stage: &Arc<Stage>, cast: &Arc<Cast>) -> Result<Vec<JoinHandle<()>>> {
    let spawn = |index| {
        let (stage, cast) = (Arc::clone(stage), Arc::clone(cast));
        let builder = std::thread::Builder::new().name(format!("user-{index}"));
        Ok(builder.spawn(move || Sender::new(stage, cast, index).run())?)
    };
    (0..stage.options.connections).map(spawn).collect()
}

/// One's own newest message.
struct Mine {
    channel: String,
    id: String,
    key: String,
    version: u64,
}

struct Sender {
    stage: Arc<Stage>,
    cast: Arc<Cast>,
    index: usize,
    api: ChatSdk,
    attempts: u64,
    mine: Option<Mine>,
    /// The reaction that was given last, if it was not taken back.
    given: Option<(Known, &'static str)>,
}

impl Sender {
    fn new(stage: Arc<Stage>, cast: Arc<Cast>, index: usize) -> Self {
        let api = cast.api_of(index);
        Self { stage, cast, index, api, attempts: 0, mine: None, given: None }
    }

    fn run(mut self) {
        let rate = self.stage.options.rate;
        let interval = if rate > 0.0 { self.stage.options.connections as f64 / rate } else { 0.0 };
        let interval = Duration::try_from_secs_f64(interval).unwrap_or_default();
        let (mut number, mut due) = (0, Instant::now());
        while self.stage.is_playing(Act::LastMessage) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            // Who fell behind while the server was down does not catch up in a burst.
            due = due.max(Instant::now() - interval) + interval;
            if self.stage.await_up() {
                self.act(number);
                number += 1;
            }
        }
    }

    /// Does the next thing; six of ten are messages, half of them to shared channels.
    fn act(&mut self, number: usize) {
        match number % 10 {
            0..=2 => self.send(number, self.cast.own[self.index].clone()),
            3..=5 => self.send(number, self.cast.shared[(self.index + number) % self.cast.shared.len()].clone()),
            6 => self.edit(),
            7 => self.react(number),
            8 => self.take_back(),
            _ => self.read(number),
        }
    }

    fn send(&mut self, number: usize, channel: String) {
        let key = format!("u{}-{number}", self.index);
        let (call, says) = (Call::Send { key: key.clone() }, text::of(&key, 0));
        let answer = self.perform(&channel, &call, |api, channel| {
            api.send(channel, &key, &says).map(|message| Answer::Sent { id: message.id, seq: message.seq })
        });
        let Some(Answer::Sent { id, seq }) = answer else { return };
        if channel != self.cast.own[self.index] {
            self.cast.post(Known { channel: channel.clone(), id: id.clone(), seq });
        }
        self.mine = Some(Mine { channel, id, key, version: 0 });
    }

    fn edit(&mut self) {
        let Some(Mine { channel, id, key, version }) = self.mine.take() else { return };
        let version = version + 1;
        let (call, says) = (Call::Edit { message: id.clone(), version }, text::of(&key, version));
        self.perform(&channel, &call, |api, channel| api.edit(channel, &id, &says).map(|()| Answer::Done));
        self.mine = Some(Mine { channel, id, key, version });
    }

    fn react(&mut self, number: usize) {
        let Some(known) = self.cast.pick(self.index * 31 + number) else { return };
        let emoji = EMOJI[(self.index + number / 10) % EMOJI.len()];
        let call = Call::React { message: known.id.clone(), emoji: emoji.into() };
        self.perform(&known.channel, &call, |api, channel| api.react(channel, &known.id, emoji).map(|()| Answer::Done));
        self.given = Some((known, emoji));
    }

    /// Takes back every third reaction.
    fn take_back(&mut self) {
        let Some((known, emoji)) = self.given.take_if(|(known, _)| known.seq.is_multiple_of(3)) else { return };
        let call = Call::Unreact { message: known.id.clone(), emoji: emoji.into() };
        self.perform(&known.channel, &call, |api, channel| {
            api.unreact(channel, &known.id, emoji).map(|()| Answer::Done)
        });
    }

    fn read(&mut self, number: usize) {
        let Some(known) = self.cast.pick(self.index * 17 + number) else { return };
        let call = Call::Read { seq: known.seq };
        self.perform(&known.channel, &call, |api, channel| api.read(channel, &known.id).map(Answer::ReadUpTo));
    }

    /// Makes a call until it is answered; the answer, unless there never was one.
    fn perform(
        &mut self,
        channel: &str,
        call: &Call,
        ask: impl Fn(&ChatSdk, &str) -> Result<Answer, CallError>,
    ) -> Option<Answer> {
        let (stage, mut last) = (Arc::clone(&self.stage), None);
        until_answered(&stage, || {
            let answer = self.attempt(channel, call, &ask);
            let is_answered = answer != Answer::Unknown;
            last = is_answered.then_some(answer);
            is_answered
        });
        last
    }

    fn attempt(
        &mut self,
        channel: &str,
        call: &Call,
        ask: impl Fn(&ChatSdk, &str) -> Result<Answer, CallError>,
    ) -> Answer {
        self.attempts += 1;
        let attempt = (self.index as u64) << 40 | self.attempts;
        let (journal, clock) = (&self.stage.journal, self.stage.clock);
        let (user, call_made) = (self.cast.users[self.index].0.clone(), call.clone());
        let (at_ns, channel_name) = (clock.now_ns(), channel.to_owned());
        journal.write(Event::Chat(ChatEvent::Start { at_ns, attempt, user, channel: channel_name, call: call_made }));
        let answer = match ask(&self.api, channel) {
            Ok(answer) => answer,
            Err(CallError::Refused(status @ ..500, _)) => Answer::Refused(status),
            Err(_) => Answer::Unknown,
        };
        let at_ns = clock.now_ns();
        journal.write(Event::Chat(ChatEvent::End { at_ns, attempt, answer: answer.clone() }));
        if !matches!(answer, Answer::Refused(_) | Answer::Unknown) {
            self.stage.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }
}
