//! Publishing threads: even ones through the server API, repeating until answered; odd ones over WebSocket, once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::message::Message;
use super::publish_api::PublishApi;
use super::retry::{RETRY, until_answered};
use super::{Act, Stage};
use crate::client::receive::Receiver;
use crate::client::session::{Session, SessionError};
use crate::client::wire::{Command, PublishRequest};
use crate::oracle::{Event, Outcome};

/// Starts every publishing thread.
pub(super) fn start(stage: &Arc<Stage>) -> Result<Vec<JoinHandle<()>>> {
    let spawn = |index| {
        let stage = Arc::clone(stage);
        let builder = std::thread::Builder::new().name(format!("publisher-{index}"));
        Ok(builder.spawn(move || Publisher::new(stage, index).run())?)
    };
    (0..stage.options.connections).map(spawn).collect()
}

struct Publisher {
    stage: Arc<Stage>,
    index: usize,
    attempts: u64,
    api: Option<PublishApi>,
    session: Option<Session>,
}

impl Publisher {
    fn new(stage: Arc<Stage>, index: usize) -> Self {
        let api = index.is_multiple_of(2).then(|| PublishApi::new(&stage.api_url, &stage.options.api_key));
        Self { stage, index, attempts: 0, api, session: None }
    }

    fn run(mut self) {
        let rate = self.stage.options.rate;
        let interval = if rate > 0.0 { self.stage.options.connections as f64 / rate } else { 0.0 };
        let interval = Duration::try_from_secs_f64(interval).unwrap_or_default();
        let (mut number, mut due) = (0, Instant::now());
        while self.stage.is_playing(Act::LastMessage) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            // A publisher that fell behind while the server was down does not catch up in a burst.
            due = due.max(Instant::now() - interval) + interval;
            if self.stage.await_up() {
                self.publish(number);
                number += 1;
            }
        }
    }

    fn publish(&mut self, number: u64) {
        let message = Message::new(self.index, number);
        let channel = self.stage.channel(self.index + number as usize);
        if self.api.is_none() {
            self.attempt(&channel, &message);
            return;
        }
        let stage = Arc::clone(&self.stage);
        until_answered(&stage, || self.attempt(&channel, &message) != Outcome::Unknown);
    }

    fn attempt(&mut self, channel: &str, message: &Message) -> Outcome {
        let (journal, clock) = (&self.stage.journal, self.stage.clock);
        self.attempts += 1;
        let attempt = (self.index as u64) << 40 | self.attempts;
        let (id, hash) = (message.id.clone(), message.hash());
        journal.write(Event::PublishStart { at_ns: clock.now_ns(), attempt, channel: channel.to_owned(), id, hash });
        let outcome = match &self.api {
            Some(api) => api.publish(channel, message),
            None => self.publish_by_session(channel, message),
        };
        let at_ns = clock.now_ns();
        self.stage.journal.write(Event::PublishEnd { at_ns, attempt, outcome: outcome.clone() });
        if let Outcome::Ok(_) = outcome {
            self.stage.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    fn publish_by_session(&mut self, channel: &str, message: &Message) -> Outcome {
        let Some(session) = self.session() else {
            std::thread::sleep(RETRY);
            return Outcome::Unknown;
        };
        let data = message.payload.clone().into();
        let publish = PublishRequest { channel: channel.to_owned(), data, ..PublishRequest::default() };
        match session.request(Command { publish: Some(publish), ..Command::default() }) {
            Ok(_) => Outcome::Ok(None),
            Err(SessionError::Refused(code, _)) => Outcome::Error(code),
            Err(_) => {
                self.session = None;
                Outcome::Unknown
            }
        }
    }

    fn session(&mut self) -> Option<&mut Session> {
        if self.session.is_none() {
            let user = format!("publisher-{}", self.index);
            self.session = Session::open(&self.stage.target, self.index, &user, Receiver::new()).ok();
        }
        self.session.as_mut()
    }
}
