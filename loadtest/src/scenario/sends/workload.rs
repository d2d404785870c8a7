//! One workload from the first connection to the last answer: warm up, measure, drain.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use hdrhistogram::Histogram;

use super::SendsOptions;
use super::connection::{Form, SendLog};
use super::metrics::Disk;
use super::setup::Plan;
use super::worker::{Course, Outcome, Worker};
use crate::client::address;
use crate::client::http::base::HttpBase;
use crate::load::shared::Phase;
use crate::report::hdr;
use crate::report::process::{Sample, Usage};
use crate::scenario::Setting;

/// How often a running workload looks whether it should end early.
const TICK: Duration = Duration::from_millis(20);

/// How long the last answers may take.
const DRAIN: Duration = Duration::from_secs(30);

/// What a workload found.
pub(super) struct Found {
    pub(super) run: u32,
    /// Measured time.
    pub(super) seconds: f64,
    pub(super) interrupted: bool,
    /// Acknowledged in the measured time.
    pub(super) acknowledged: u64,
    pub(super) latency: Histogram<u64>,
    pub(super) server: Option<Usage>,
    pub(super) generator: Usage,
    pub(super) disk: Option<Disk>,
    /// By connection.
    pub(super) logs: Vec<SendLog>,
    pub(super) errors: u64,
    pub(super) reasons: Vec<String>,
}

/// Runs it.
pub(super) fn run(setting: &Setting, options: &SendsOptions, base: &HttpBase, plan: &Plan) -> Result<Found> {
    let course = Arc::new(Course::default());
    let threads = start(setting, options, base, plan, &course)?;
    stay(setting, &course, Phase::Warm, setting.warmup);
    let before = Moment::now(setting, options, &course)?;
    stay(setting, &course, Phase::Measure, setting.duration);
    let after = Moment::now(setting, options, &course);
    course.shared.enter(Phase::Drain);
    let outcomes = join(threads, &course)?;
    Ok(found(setting, &course, &before, &after?, outcomes))
}

fn start(
    setting: &Setting,
    options: &SendsOptions,
    base: &HttpBase,
    plan: &Plan,
    course: &Arc<Course>,
) -> Result<Vec<JoinHandle<std::io::Result<Outcome>>>> {
    let mut connections = Vec::with_capacity(plan.lanes.len());
    for (index, lane) in plan.lanes.iter().enumerate() {
        let path = format!("/api/channels/{}/messages", plan.channels[lane.channel].id);
        let authorization = format!("Bearer {}", lane.token);
        let head = base.post_head(&path, &[("x-api-key", &options.api_key), ("authorization", &authorization)]);
        let stream = address::connect(base.socket, index).with_context(|| format!("connection {index}"))?;
        connections.push((index, lane.channel, stream, head));
    }
    let form = Form { run: course.shared.run, size: options.size, client_ids: options.client_ids };
    course.shared.enter(Phase::Warm);
    let share = connections.len().div_ceil(setting.threads.max(1)).max(1);
    let mut threads = Vec::new();
    while !connections.is_empty() {
        let rest = connections.split_off(connections.len().saturating_sub(share));
        let worker = Worker { course: Arc::clone(course), form, connections: rest };
        threads.push(std::thread::Builder::new().name("senders".into()).spawn(move || worker.run())?);
    }
    Ok(threads)
}

fn stay(setting: &Setting, course: &Course, phase: Phase, duration: Duration) {
    course.shared.enter(phase);
    let began = Instant::now();
    while began.elapsed() < duration
        && !setting.stop.load(Ordering::Relaxed)
        && !course.has_failed.load(Ordering::Relaxed)
    {
        std::thread::sleep(TICK.min(duration.saturating_sub(began.elapsed())));
    }
}

fn join(threads: Vec<JoinHandle<std::io::Result<Outcome>>>, course: &Course) -> Result<Vec<Outcome>> {
    let began = Instant::now();
    while threads.iter().any(|thread| !thread.is_finished()) && began.elapsed() < DRAIN {
        std::thread::sleep(TICK);
    }
    course.shared.enter(Phase::Stop);
    let join = |thread: JoinHandle<_>| thread.join().map_err(|_| anyhow!("a sending thread panicked"));
    threads.into_iter().map(|thread| Ok(join(thread)??)).collect()
}

/// Everything that is read at both ends of the measured time.
struct Moment {
    at_ns: u64,
    acknowledged: u64,
    server: Option<Sample>,
    own: Sample,
    disk: Option<Disk>,
}

impl Moment {
    fn now(setting: &Setting, options: &SendsOptions, course: &Course) -> Result<Self> {
        Ok(Self {
            disk: options.metrics.as_deref().map(Disk::fetch).transpose()?,
            server: setting.server()?,
            own: Sample::own()?,
            acknowledged: course.acknowledged.load(Ordering::Relaxed),
            at_ns: course.shared.clock.now_ns(),
        })
    }
}

fn found(setting: &Setting, course: &Course, before: &Moment, after: &Moment, outcomes: Vec<Outcome>) -> Found {
    let (mut latency, mut logs, mut errors, mut reasons) = (hdr::latency(), Vec::new(), 0, Vec::new());
    for outcome in outcomes {
        // All histograms have the same bounds, so adding does not fail.
        let _ = latency.add(&outcome.latency);
        logs.extend(outcome.logs);
        errors += outcome.errors;
        reasons.extend(outcome.reasons);
    }
    logs.sort_by_key(|(index, _)| *index);
    Found {
        run: course.shared.run,
        seconds: (after.at_ns - before.at_ns) as f64 / 1e9,
        interrupted: setting.stop.load(Ordering::Relaxed),
        acknowledged: after.acknowledged - before.acknowledged,
        latency,
        server: after.server.as_ref().zip(before.server.as_ref()).map(|(after, before)| after.since(before)),
        generator: after.own.since(&before.own),
        disk: after.disk.zip(before.disk).map(|(after, before)| after.since(before)),
        logs: logs.into_iter().map(|(_, log)| log).collect(),
        errors,
        reasons,
    }
}
