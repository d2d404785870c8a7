//! Subscribing threads: each follows one channel through every kill, coming back with the position that it had.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::chat::news::ChatNews;
use super::{Act, Stage, message};
use crate::client::receive::Receiver;
use crate::client::session::{Session, SessionError, Target};
use crate::client::wire::{Command, Publication, Push, SubscribeRequest, SubscribeResult};
use crate::oracle::chat::ChatEvent;
use crate::oracle::{Event, Position, Resume};

/// How long nothing may arrive at the end before a session counts as complete.
const SILENCE: Duration = Duration::from_secs(2);

/// How long a subscriber that cannot catch up keeps trying at the end.
const LAST_TRIES: Duration = Duration::from_secs(20);

/// Between a session that broke and the next.
const RETRY: Duration = Duration::from_millis(10);

/// How long one wait for a push takes, between looks at what is to be done.
const WAIT: Duration = Duration::from_millis(100);

/// Starts every subscribing thread.
pub(super) fn start(stage: &Arc<Stage>) -> Result<Vec<JoinHandle<()>>> {
    let subscription = |index| Subscription {
        target: stage.target.clone(),
        user: format!("subscriber-{index}"),
        channel: stage.channel(index),
        chat: None,
    };
    let count = stage.options.channels * stage.options.subscribers_per_channel;
    follow(stage, (0..count).map(subscription).collect())
}

/// Starts a thread for each subscription.
pub(super) fn follow(stage: &Arc<Stage>, subscriptions: Vec<Subscription>) -> Result<Vec<JoinHandle<()>>> {
    let spawn = |(index, subscription)| {
        let stage = Arc::clone(stage);
        let builder = std::thread::Builder::new().name(format!("subscriber-{index}"));
        Ok(builder.spawn(move || Subscriber { stage, index, subscription, position: None }.run())?)
    };
    subscriptions.into_iter().enumerate().map(spawn).collect()
}

/// Who follows what.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) target: Target,
    pub(super) user: String,
    pub(super) channel: String,
    /// The log's name of a chat's channel, whose events are read.
    pub(super) chat: Option<String>,
}

struct Subscriber {
    stage: Arc<Stage>,
    index: usize,
    subscription: Subscription,
    position: Option<Position>,
}

impl Subscriber {
    fn run(mut self) {
        let mut last_tries = None;
        loop {
            if self.stage.await_up()
                && let Ok(mut session) = self.open()
                && self.follow(&mut session).is_ok()
            {
                return;
            }
            if !self.stage.is_playing(Act::CatchUp) {
                let up = self.stage.up.load(Ordering::Acquire);
                if !up || last_tries.get_or_insert_with(Instant::now).elapsed() > LAST_TRIES {
                    return;
                }
            }
            std::thread::sleep(RETRY);
        }
    }

    fn open(&self) -> Result<Session, SessionError> {
        Session::open(&self.subscription.target, self.index, &self.subscription.user, Receiver::new())
    }

    /// Follows one subscription to its end; `Ok` when it had caught up, an error when it broke and another has to follow.
    fn follow(&mut self, session: &mut Session) -> Result<(), SessionError> {
        let reply = session.request(Command { subscribe: Some(self.request()), ..Command::default() })?;
        let result = reply.subscribe.unwrap_or_default();
        let number = self.stage.sessions.fetch_add(1, Ordering::Relaxed);
        self.begin(number, &result);
        for publication in result.publications {
            self.deliver(number, &publication);
        }
        let followed = self.follow_pushes(session, number);
        let at_ns = self.stage.clock.now_ns();
        self.stage.journal.write(Event::SessionEnd { at_ns, session: number, caught_up: followed.is_ok() });
        followed
    }

    fn request(&self) -> SubscribeRequest {
        let (recover, offset, epoch) = match &self.position {
            Some(position) => (true, position.offset, position.epoch.clone()),
            None => (false, 0, String::new()),
        };
        let channel = self.subscription.channel.clone();
        SubscribeRequest { channel, recover, offset, epoch, recoverable: true, positioned: true, ..Default::default() }
    }

    fn begin(&mut self, session: u64, result: &SubscribeResult) {
        let Subscription { channel, chat, .. } = &self.subscription;
        if let (Some(_), Some(Position { offset, .. })) = (chat, &self.position) {
            self.stage.journal.write(Event::Chat(ChatEvent::Asked { session, offset: *offset }));
        }
        let channel = chat.as_ref().unwrap_or(channel).clone();
        let told = |offset| Position { offset, epoch: result.epoch.clone() };
        let resume = match &self.position {
            None => Resume::Fresh(told(result.offset)),
            Some(position) if result.recovered => Resume::Recovered(told(position.offset)),
            Some(_) => Resume::Refused(told(result.offset)),
        };
        let (Resume::Fresh(position) | Resume::Recovered(position) | Resume::Refused(position)) = &resume;
        self.position = Some(position.clone());
        let at_ns = self.stage.clock.now_ns();
        self.stage.journal.write(Event::SessionStart { at_ns, session, channel, resume });
    }

    fn follow_pushes(&mut self, session: &mut Session, number: u64) -> Result<(), SessionError> {
        let mut heard = Instant::now();
        loop {
            match session.next_push(WAIT)? {
                Some(Push { channel, .. }) if channel != self.subscription.channel => {}
                Some(Push { r#pub: Some(publication), .. }) => {
                    heard = Instant::now();
                    self.deliver(number, &publication);
                }
                Some(Push { unsubscribe: Some(end), .. }) => {
                    return Err(SessionError::Refused(end.code, end.reason));
                }
                Some(_) => {}
                None if !self.stage.is_playing(Act::CatchUp) && heard.elapsed() > SILENCE => return Ok(()),
                None => {}
            }
        }
    }

    fn deliver(&mut self, session: u64, publication: &Publication) {
        let news = self.subscription.chat.as_ref().map(|_| ChatNews::read(&publication.data));
        if matches!(news, Some(ChatNews::State)) && publication.offset == 0 {
            return;
        }
        let (at_ns, offset) = (self.stage.clock.now_ns(), publication.offset);
        let (id, hash) = (message::id(&publication.data), message::hash(&publication.data));
        self.stage.journal.write(Event::Delivery { at_ns, session, offset, id, hash });
        if let Some(ChatNews::Content(news)) = news {
            self.stage.journal.write(Event::Chat(ChatEvent::Told { session, offset, news }));
        }
        if let Some(position) = &mut self.position {
            position.offset = offset;
        }
    }
}
