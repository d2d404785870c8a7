//! The judge of "an acknowledgement is a promise": kills the server under load, again and again, and lets the oracle say
//! whether anything acknowledged was lost, repeated, reordered or invented.
//!
//! Half of the publishers use the server API with an idempotency key and repeat a publish until it is answered; the other
//! half publish over WebSocket once. Subscribers come back with the position they had. Everything that is done and seen
//! goes into a log outside of the server, which is judged against the history after the last round.
//!
//! A chat is tested in the same way, through its own API; [`chat`] says what is done there instead.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use self::journal::Journal;
use self::server::Server;
use super::{Setting, Verdict};
use crate::client::clock::Clock;
use crate::client::session::Target;
use crate::oracle::{self, Event, Judgement};
use crate::report::json::Machine;

mod chat;
mod config;
mod history;
mod journal;
mod message;
mod ports;
mod publish_api;
mod publishers;
mod retry;
mod server;
mod subscribers;

/// The shortest time under load before a kill.
const ROUND_MIN: Duration = Duration::from_millis(20);

/// What the server is used through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Interface {
    /// Centrifugo's client protocol and server API.
    #[default]
    Centrifugo,
    /// ChatSDK's REST API, with Centrifugo's client protocol for its events.
    ChatSdk,
}

/// What a durability run is given.
#[derive(Debug, Clone)]
pub struct DurabilityOptions {
    /// What the server is used through.
    pub interface: Interface,
    /// The server's program.
    pub program: PathBuf,
    /// Configuration to start from.
    pub config: Option<PathBuf>,
    /// How often it is killed.
    pub kills: u32,
    /// Repeats a schedule of kills.
    pub seed: u64,
    /// Publishing connections.
    pub connections: usize,
    /// Channels.
    pub channels: usize,
    /// Subscribers of each channel.
    pub subscribers_per_channel: usize,
    /// Publishes per second over all connections; 0 for no limit.
    pub rate: f64,
    /// The longest time under load before a kill.
    pub round: Duration,
    /// Namespace of the channels.
    pub namespace: String,
    /// Key of the server API.
    pub api_key: String,
    /// Where the run makes its own folder; the system's temporary folder when absent.
    pub folder: Option<PathBuf>,
    /// Keeps log and data in any case.
    pub keep: bool,
}

/// What the threads of a run share.
#[derive(Debug)]
struct Stage {
    target: Target,
    api_url: String,
    options: DurabilityOptions,
    journal: Journal,
    clock: Clock,
    up: AtomicBool,
    act: AtomicU8,
    sessions: AtomicU64,
    acknowledged: AtomicU64,
}

/// What the threads are to do, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Act {
    Play = 0,
    /// Publishers finish the message at hand and end.
    LastMessage = 1,
    /// Subscribers catch up with the history and end.
    CatchUp = 2,
}

impl Stage {
    fn channel(&self, index: usize) -> String {
        format!("{}:durability-{}", self.options.namespace, index % self.options.channels)
    }

    fn is_playing(&self, act: Act) -> bool {
        self.act.load(Ordering::Acquire) < act as u8
    }

    fn enter(&self, act: Act) {
        self.act.store(act as u8, Ordering::Release);
    }

    /// Waits a little for the server to be up; whether it is.
    fn await_up(&self) -> bool {
        let up = self.up.load(Ordering::Acquire);
        if !up {
            std::thread::sleep(Duration::from_millis(5));
        }
        up
    }
}

/// One round, for the report.
#[derive(Debug, Clone, Copy, Serialize)]
struct Round {
    loaded_ms: u64,
    acknowledged: u64,
    ready_ms: u64,
}

#[derive(Debug, Serialize)]
struct Figures {
    seed: u64,
    rounds: Vec<Round>,
    publishes: [u64; 3],
    stored: u64,
    deliveries: u64,
    sessions: [u64; 3],
    changes: [u64; 3],
    violations: u64,
    findings: Vec<String>,
}

/// Runs it and prints the verdict.
///
/// # Errors
/// When the server cannot be started at all, or files cannot be written.
pub fn run(setting: &Setting, options: &DurabilityOptions) -> Result<Verdict> {
    let machine = Machine::now();
    println!("seed {}", options.seed);
    let parent = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    let mut folder = tempfile::Builder::new().prefix("loadtest-durability-").tempdir_in(parent)?;
    folder.disable_cleanup(true);
    let outcome = play(setting, options, folder.path());
    if !options.keep && matches!(&outcome, Ok((_, judgement)) if judgement.is_clean()) {
        folder.disable_cleanup(false);
    } else {
        println!("log and data are kept in {}", folder.path().display());
    }
    let (rounds, judgement) = outcome?;
    report(setting, options, machine, rounds, &judgement)
}

fn report(
    setting: &Setting,
    options: &DurabilityOptions,
    machine: Machine,
    rounds: Vec<Round>,
    judgement: &Judgement,
) -> Result<Verdict> {
    print!("{judgement}");
    let violations = judgement.counts.values().sum();
    let figures = Figures {
        seed: options.seed,
        rounds,
        publishes: judgement.publishes,
        stored: judgement.stored,
        deliveries: judgement.deliveries,
        sessions: judgement.sessions,
        changes: judgement.changes,
        violations,
        findings: judgement.findings.iter().map(|finding| format!("{}: {}", finding.invariant, finding.text)).collect(),
    };
    setting.write_json("durability", machine, figures)?;
    if violations > 0 {
        return Ok(Verdict::Failed(format!("{violations} violations, seed {}", options.seed)));
    }
    println!("verdict: clean");
    Ok(Verdict::Clean)
}

fn play(setting: &Setting, options: &DurabilityOptions, folder: &std::path::Path) -> Result<(Vec<Round>, Judgement)> {
    let mut server = Server::prepare(options, folder)?;
    server.start()?;
    let log = folder.join("operations.jsonl");
    let stage = Arc::new(Stage {
        target: Target { address: server.address()?, ..setting.target.clone() },
        api_url: server.api_url(options.interface),
        options: options.clone(),
        journal: Journal::create(&log)?,
        clock: Clock::start(),
        up: AtomicBool::new(true),
        act: AtomicU8::new(Act::Play as u8),
        sessions: AtomicU64::new(0),
        acknowledged: AtomicU64::new(0),
    });
    stage.journal.write(Event::Run { seed: options.seed });
    let cast = match options.interface {
        Interface::Centrifugo => None,
        Interface::ChatSdk => Some(Arc::new(chat::Cast::prepare(&stage).context("users and channels")?)),
    };
    let (subscribers, publishers) = match &cast {
        None => (subscribers::start(&stage)?, publishers::start(&stage)?),
        Some(cast) => (chat::watch(&stage, cast)?, chat::senders::start(&stage, cast)?),
    };
    let rounds = kill_rounds(setting, &stage, &mut server);
    // Threads end even after a failed round: a server that is down counts as no answer.
    stage.up.store(rounds.is_ok(), Ordering::Release);
    stage.enter(Act::LastMessage);
    join(publishers)?;
    stage.enter(Act::CatchUp);
    join(subscribers)?;
    let rounds = rounds?;
    match &cast {
        None => history::read(&stage)?,
        Some(cast) => chat::history::read(&stage, cast)?,
    }
    server.kill()?;
    stage.journal.finish()?;
    Ok((rounds, oracle::judge(&oracle::read_log(&log)?)))
}

fn kill_rounds(setting: &Setting, stage: &Stage, server: &mut Server) -> Result<Vec<Round>> {
    let mut random = StdRng::seed_from_u64(stage.options.seed);
    let mut rounds = Vec::new();
    for number in 1..=stage.options.kills {
        let longest = stage.options.round.max(ROUND_MIN);
        let loaded = random.random_range(ROUND_MIN..=longest);
        std::thread::sleep(loaded);
        if setting.stop.load(Ordering::Relaxed) {
            break;
        }
        let round = kill_once(stage, server, number, loaded).with_context(|| format!("round {number}"))?;
        let Round { loaded_ms, acknowledged, ready_ms } = round;
        println!(
            "round {number}: {loaded_ms} ms under load, {acknowledged} acknowledged so far, ready after {ready_ms} ms"
        );
        rounds.push(round);
    }
    // Load after the last restart, so that what it recovered is also built upon.
    std::thread::sleep(ROUND_MIN * 10);
    Ok(rounds)
}

fn kill_once(stage: &Stage, server: &mut Server, round: u32, loaded: Duration) -> Result<Round> {
    server.kill()?;
    stage.up.store(false, Ordering::Release);
    stage.journal.write(Event::Killed { at_ns: stage.clock.now_ns(), round });
    let began = Instant::now();
    server.start()?;
    stage.journal.write(Event::Ready { at_ns: stage.clock.now_ns(), round });
    stage.up.store(true, Ordering::Release);
    Ok(Round {
        loaded_ms: loaded.as_millis() as u64,
        acknowledged: stage.acknowledged.load(Ordering::Relaxed),
        ready_ms: began.elapsed().as_millis() as u64,
    })
}

fn join(threads: Vec<JoinHandle<()>>) -> Result<()> {
    for thread in threads {
        thread.join().map_err(|_| anyhow::anyhow!("a thread of the run panicked"))?;
    }
    Ok(())
}
