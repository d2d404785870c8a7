//! Opening many subscribers with a bounded number of threads; each connection is served as soon as it is subscribed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

use super::checker::Checker;
use super::plan::Plan;
use super::worker::{Subscriber, Worker};
use crate::client::receive::Receiver;
use crate::client::session::{Parts, Session, SessionError, Target};
use crate::client::wire::{Command, SubscribeRequest};
use crate::report::text::Progress;

/// Connections that are being set up at the same time.
const OPENERS: usize = 4;

/// What the openers share.
struct Opening<'a> {
    plan: &'a Plan,
    workers: &'a [Worker],
    next: AtomicUsize,
    opened: AtomicUsize,
    stop: &'a AtomicBool,
    failure: Mutex<Option<anyhow::Error>>,
}

/// Opens every subscriber of the plan and hands it to the workers in turn.
///
/// # Errors
/// The first failure, which stops the others, or an interruption.
pub fn open_subscribers(plan: &Plan, workers: &[Worker], stop: &AtomicBool, progress: Progress) -> Result<()> {
    let opening = Opening {
        plan,
        workers,
        next: AtomicUsize::new(0),
        opened: AtomicUsize::new(0),
        stop,
        failure: Mutex::new(None),
    };
    std::thread::scope(|scope| {
        let openers: Vec<_> = (0..OPENERS).map(|_| scope.spawn(|| opening.run())).collect();
        opening.watch(&openers, progress);
    });
    match opening.failure.into_inner() {
        Ok(Some(error)) => Err(error),
        _ if stop.load(Ordering::Relaxed) => bail!("interrupted while opening connections"),
        _ => Ok(()),
    }
}

impl Opening<'_> {
    fn run(&self) {
        let mut receiver = Receiver::new();
        while !self.stop.load(Ordering::Relaxed) && !self.has_failed() {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.plan.subscribers.len() {
                return;
            }
            match self.open(index, receiver) {
                Ok(used) => receiver = used,
                Err(error) => return self.fail(error.context(format!("subscriber {index}"))),
            }
        }
    }

    fn open(&self, index: usize, receiver: Receiver) -> Result<Receiver> {
        let streams = self.plan.subscribers[index].clone();
        let channels = self.plan.channels_of(&streams);
        let parts = open_subscribed(&self.plan.target, index, &channels, receiver)?;
        let subscriber = Subscriber { stream: parts.stream, inbox: parts.inbox, checker: Checker::new(streams) };
        self.workers[index % self.workers.len()].add(subscriber)?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(parts.receiver)
    }

    fn watch(&self, openers: &[std::thread::ScopedJoinHandle<'_, ()>], progress: Progress) {
        let mut said = Instant::now();
        while openers.iter().any(|opener| !opener.is_finished()) {
            std::thread::sleep(Duration::from_millis(5));
            if said.elapsed() >= Duration::from_secs(1) {
                said = Instant::now();
                progress.line(format!(
                    "opened {} of {}",
                    self.opened.load(Ordering::Relaxed),
                    self.plan.subscribers.len()
                ));
            }
        }
    }

    fn has_failed(&self) -> bool {
        self.failure.lock().map_or(true, |failure| failure.is_some())
    }

    fn fail(&self, error: anyhow::Error) {
        if let Ok(mut failure) = self.failure.lock() {
            failure.get_or_insert(error);
        }
    }
}

/// Opens connection number `index` and subscribes it to `channels`.
///
/// # Errors
/// When the connection or one of the subscriptions fails.
pub fn open_subscribed(target: &Target, index: usize, channels: &[&str], receiver: Receiver) -> Result<Parts> {
    let mut session = Session::open(target, index, &format!("loadtest-{index}"), receiver)?;
    for channel in channels {
        let subscribe = SubscribeRequest { channel: (*channel).to_owned(), ..SubscribeRequest::default() };
        let command = Command { subscribe: Some(subscribe), ..Command::default() };
        session.request(command).map_err(|error| explain(channel, &error))?;
    }
    Ok(session.into_parts())
}

fn explain(channel: &str, error: &SessionError) -> anyhow::Error {
    anyhow!("cannot subscribe to {channel}: {error}")
}
