//! Many connections that do nothing: what each costs the server in memory, and what all of them cost in CPU time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Setting, Verdict};
use crate::client::marker::{Marker, SIZE_MIN, Template};
use crate::client::receive::Receiver;
use crate::client::session::Session;
use crate::client::wire::{Command, PublishRequest};
use crate::load::plan::{Pace, Plan};
use crate::load::run::{Found, Load, nothing_published};
use crate::load::shared::{Phase, Totals};
use crate::report::hdr::Quantiles;
use crate::report::json::Machine;
use crate::report::process::Usage;
use crate::report::text::{Text, mebibytes, thousands};

/// Channels that get one message at the end.
const SAMPLE: usize = 100;

/// What an idle run is given.
#[derive(Debug, Clone)]
pub struct IdleOptions {
    /// Connections.
    pub connections: usize,
    /// Channels that each subscribes to.
    pub subscriptions: usize,
    /// All connections share this many channels; none gives each its own.
    pub shared_channels: Option<usize>,
    /// What channel names begin with.
    pub prefix: String,
    /// How long they stay idle.
    pub hold: Duration,
}

/// Every figure of an idle run.
#[derive(Debug, Serialize)]
pub struct Figures {
    connections: usize,
    open_seconds: f64,
    server_before_bytes: Option<u64>,
    server_after_bytes: Option<u64>,
    server_bytes_per_connection: Option<f64>,
    server_while_idle: Option<Usage>,
    connections_lost: u64,
    sample_expected: u64,
    sample_delivered: u64,
    sample_latency: Quantiles,
    reasons: Vec<String>,
}

/// Runs it and prints the report.
///
/// # Errors
/// When a connection cannot be set up, a process cannot be read or the report cannot be written.
pub fn run(setting: &Setting, options: &IdleOptions) -> Result<Verdict> {
    let machine = Machine::now();
    let plan = plan(setting, options);
    let (channels, audience) = (plan.channels.clone(), plan.audience());
    let before = setting.server()?;
    let load = Load::open(plan, Arc::clone(&setting.stop), setting.progress)?;
    let open_seconds = load.shared.clock.now_ns() as f64 / 1e9;
    let opened = setting.server()?;
    load.stay(Phase::Warm, options.hold);
    let held = setting.server()?;
    let sampled = sample_streams(channels.len());
    let (sample_expected, found) = publish_sample(setting, load, &channels, &sampled, &audience)?;
    let grown = |sample: u64| before.map(|before| sample.saturating_sub(before.resident_bytes) as f64);
    let figures = Figures {
        connections: options.connections,
        open_seconds,
        server_before_bytes: before.map(|sample| sample.resident_bytes),
        server_after_bytes: held.map(|sample| sample.resident_bytes),
        server_bytes_per_connection: held
            .and_then(|sample| grown(sample.resident_bytes))
            .map(|bytes| bytes / options.connections.max(1) as f64),
        server_while_idle: held.zip(opened).map(|(held, opened)| held.since(&opened)),
        connections_lost: found.totals.closed,
        sample_expected,
        sample_delivered: found.totals.deliveries,
        sample_latency: Quantiles::from(&found.latency),
        reasons: found.reasons,
    };
    print!("{}", figures.text().finish());
    setting.write_json("idle", machine, &figures)?;
    Ok(figures.verdict(found.faults.any()))
}

/// Connection `i` takes the channels from `i * subscriptions` on, modulo the number of channels.
fn plan(setting: &Setting, options: &IdleOptions) -> Plan {
    let each = options.subscriptions.max(1);
    let shared = options.shared_channels.map(|count| count.max(each).next_multiple_of(each));
    let count = shared.unwrap_or(options.connections * each);
    let first = |connection: usize| ((connection * each) % count) as u32;
    Plan {
        target: setting.target.clone(),
        channels: (0..count).map(|channel| format!("{}{channel}", options.prefix)).collect(),
        publishers: 0,
        subscribers: (0..options.connections)
            .map(|connection| first(connection)..first(connection) + each as u32)
            .collect(),
        pace: Pace::Window(0),
        size: SIZE_MIN,
        threads: setting.threads,
    }
}

/// Up to [`SAMPLE`] streams, spread evenly.
fn sample_streams(streams: usize) -> Vec<usize> {
    let step = streams.div_ceil(SAMPLE).max(1);
    (0..streams).step_by(step).collect()
}

/// Publishes one message into each sampled channel; how many deliveries that should make, and what was found.
fn publish_sample(
    setting: &Setting,
    load: Load,
    channels: &[String],
    sampled: &[usize],
    audience: &[u64],
) -> Result<(u64, Found)> {
    let mut outcome = nothing_published(channels.len());
    let (mut expected, mut template) = (0, Template::new(SIZE_MIN));
    load.shared.enter(Phase::Measure);
    // Reading threads look at the phase at least this often.
    std::thread::sleep(Duration::from_millis(200));
    let mut session =
        Session::open(&setting.target, 0, "publisher", Receiver::new()).context("publisher of the sample")?;
    for &stream in sampled {
        let sent_ns = load.shared.clock.now_ns();
        let marker = Marker { run: load.shared.run, stream: stream as u32, sequence: 0, sent_ns };
        let data = template.fill(marker).to_vec().into();
        let publish = PublishRequest { channel: channels[stream].clone(), data, ..PublishRequest::default() };
        session.request(Command { publish: Some(publish), ..Command::default() }).context("publish of the sample")?;
        outcome.published[stream].count = 1;
        expected += audience[stream];
    }
    Ok((expected, load.finish_with(outcome, Totals::default())?))
}

impl Figures {
    fn text(&self) -> Text {
        let mut text = Text::default();
        text.line("idle", format!("{} connections, opened in {:.1} s", self.connections, self.open_seconds));
        if let (Some(before), Some(after)) = (self.server_before_bytes, self.server_after_bytes) {
            text.line("server RSS", format!("{} before, {} after", mebibytes(before), mebibytes(after)));
        }
        if let Some(bytes) = self.server_bytes_per_connection {
            text.line("server bytes/connection", thousands(bytes));
        }
        if let Some(idle) = &self.server_while_idle {
            text.usage("server while idle", idle);
        }
        text.line("sample", format!("{} of {} deliveries", self.sample_delivered, self.sample_expected));
        text.latency("sample latency", &self.sample_latency);
        text.line("connections lost", self.connections_lost.to_string());
        for reason in &self.reasons {
            text.line("reason", reason);
        }
        text
    }

    fn verdict(&self, faults: bool) -> Verdict {
        if faults || self.connections_lost > 0 || self.sample_delivered != self.sample_expected {
            let Self { sample_delivered, sample_expected, connections_lost, .. } = self;
            return Verdict::Failed(format!(
                "{sample_delivered} of {sample_expected} sample deliveries, {connections_lost} connections lost"
            ));
        }
        Verdict::Clean
    }
}
