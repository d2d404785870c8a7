//! Socket.IO: what an idle connection costs the server, and one room with many members.
//!
//! Any server whose namespace `/` has the events `join-room` (a room, acknowledged) and `room-send-all` (a room and data,
//! which every member gets as `room-msg`) can be measured: natter's `socketio_conformance`, and the peer in
//! `loadtest/peers`. For idle connections alone a server needs no events at all.

mod client;
mod message;
mod publisher;
mod readers;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;

use self::client::Client;
use self::publisher::{Load, Publisher};
use self::readers::{Phase, Readers, Seen, Shared};
use super::{Setting, Verdict};
use crate::client::descriptors;
use crate::client::receive::Receiver;
use crate::report::hdr::Quantiles;
use crate::report::json::Machine;
use crate::report::process::{Sample, Usage};
use crate::report::text::{Text, mebibytes, thousands};

/// The one room.
const ROOM: &str = "load";
/// How long members may take to get what was sent when the publisher has ended.
const DRAIN: Duration = Duration::from_secs(20);

/// What a run is given.
#[derive(Debug, Clone)]
pub struct SocketIoOptions {
    /// Connections that do nothing.
    pub idle: usize,
    /// How long they stay so.
    pub hold: Duration,
    /// Members of the room, beside those that send.
    pub members: usize,
    /// Members that send.
    pub senders: usize,
    /// Messages under way, of each of them.
    pub window: u64,
    /// Bytes of a message's data.
    pub size: usize,
}

/// Every figure of a run.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    idle_connections: usize,
    server_bytes_per_idle_connection: Option<f64>,
    server_while_idle: Option<Usage>,
    members: usize,
    senders: usize,
    window: u64,
    sent: u64,
    seconds: f64,
    deliveries: u64,
    deliveries_per_second: f64,
    deliveries_per_server_cpu_second: Option<f64>,
    server: Option<Usage>,
    generator: Option<Usage>,
    latency: Quantiles,
    missing: u64,
    out_of_order: u64,
    connections_lost: u64,
    reasons: Vec<String>,
}

/// Runs it and prints the report.
///
/// # Errors
/// When a connection cannot be set up, a process cannot be read or the report cannot be written.
pub fn run(setting: &Setting, options: &SocketIoOptions) -> Result<Verdict> {
    let machine = Machine::now();
    descriptors::require(options.idle + options.members + options.senders)?;
    let shared = Arc::new(Shared::default());
    let mut readers = Readers::start(&shared, setting.threads)?;
    let &SocketIoOptions { idle: idle_connections, members, senders, window, .. } = options;
    let mut figures = Figures { idle_connections, members, senders, window, ..Figures::default() };
    idle(setting, options, &mut readers, &mut figures)?;
    if options.members > 0 {
        fan_out(setting, options, &shared, &mut readers, &mut figures)?;
    }
    shared.enter(Phase::Stop);
    figures.take(readers.join(), options);
    print!("{}", figures.text().finish());
    setting.write_json("socketio", machine, &figures)?;
    Ok(figures.verdict())
}

/// Opens connections that do nothing, and looks at what they cost while they do so.
fn idle(setting: &Setting, options: &SocketIoOptions, readers: &mut Readers, figures: &mut Figures) -> Result<()> {
    if options.idle == 0 {
        return Ok(());
    }
    let before = setting.server()?;
    let mut receiver = Receiver::new();
    for index in 0..options.idle {
        let client =
            Client::open(&setting.target, index, &mut receiver).with_context(|| format!("connection {index}"))?;
        readers.add(client, 0)?;
    }
    let opened = setting.server()?;
    wait(setting, options.hold);
    let held = setting.server()?;
    let grown = |held: Sample, before: Sample| held.resident_bytes.saturating_sub(before.resident_bytes) as f64;
    let bytes = held.zip(before).map(|(held, before)| grown(held, before) / options.idle as f64);
    figures.server_bytes_per_idle_connection = bytes;
    figures.server_while_idle = held.zip(opened).map(|(held, opened)| held.since(&opened));
    Ok(())
}

/// Fills the room, and sends to it.
fn fan_out(
    setting: &Setting,
    options: &SocketIoOptions,
    shared: &Arc<Shared>,
    readers: &mut Readers,
    figures: &mut Figures,
) -> Result<()> {
    let mut receiver = Receiver::new();
    for index in 0..options.members {
        let place = options.idle + index;
        let mut client =
            Client::open(&setting.target, place, &mut receiver).with_context(|| format!("member {index}"))?;
        client.join(ROOM, &mut receiver).with_context(|| format!("member {index}"))?;
        readers.add(client, options.senders)?;
    }
    let publishers = publishers(setting, options, shared, &mut receiver)?;
    wait(setting, setting.warmup);
    let (server, own, deliveries) = (setting.server()?, Sample::own()?, shared.deliveries.load(Ordering::Relaxed));
    let started = Instant::now();
    shared.enter(Phase::Measure);
    wait(setting, setting.duration);
    shared.enter(Phase::Warm);
    figures.seconds = started.elapsed().as_secs_f64();
    figures.deliveries = shared.deliveries.load(Ordering::Relaxed) - deliveries;
    figures.server = setting.server()?.zip(server).map(|(after, before)| after.since(&before));
    figures.generator = Some(Sample::own()?.since(&own));
    shared.enter(Phase::Drain);
    for publisher in publishers {
        figures.sent += publisher.join()?;
    }
    let expected = figures.sent * options.members as u64;
    let until = Instant::now() + DRAIN;
    while shared.deliveries.load(Ordering::Relaxed) < expected && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    figures.missing = expected.saturating_sub(shared.deliveries.load(Ordering::Relaxed));
    Ok(())
}

/// Lets the senders into the room, and then begin.
fn publishers(
    setting: &Setting,
    options: &SocketIoOptions,
    shared: &Arc<Shared>,
    receiver: &mut Receiver,
) -> Result<Vec<Publisher>> {
    let mut clients = Vec::new();
    for sender in 0..options.senders {
        let mut client = Client::open(&setting.target, options.idle + options.members + sender, receiver)?;
        client.join(ROOM, receiver).with_context(|| format!("sender {sender}"))?;
        clients.push(client);
    }
    let load = Load { window: options.window, size: options.size };
    let start = |(sender, client)| Publisher::start(client, Arc::clone(shared), sender, load);
    clients.into_iter().enumerate().map(start).collect()
}

/// Waits, unless the run is to stop.
fn wait(setting: &Setting, time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until && !setting.stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50).min(time));
    }
}

impl Figures {
    fn take(&mut self, seen: Seen, options: &SocketIoOptions) {
        self.latency = Quantiles::from(&seen.latency);
        (self.out_of_order, self.connections_lost, self.reasons) = (seen.out_of_order, seen.lost, seen.reasons);
        if options.members > 0 && self.seconds > 0.0 {
            self.deliveries_per_second = self.deliveries as f64 / self.seconds;
            let cpu = self.server.map(|server| server.cpu_seconds).filter(|cpu| *cpu > 0.0);
            self.deliveries_per_server_cpu_second = cpu.map(|cpu| self.deliveries as f64 / cpu);
        }
    }

    fn text(&self) -> Text {
        let mut text = Text::default();
        if let Some(bytes) = self.server_bytes_per_idle_connection {
            text.line("idle connections", self.idle_connections.to_string());
            text.line("server bytes/connection", thousands(bytes));
        }
        if let Some(usage) = &self.server_while_idle {
            text.usage("server while idle", usage);
        }
        if self.members > 0 {
            text.line("members", self.members.to_string());
            text.line("senders", format!("{}, window {}", self.senders, self.window));
            text.line("sent", thousands(self.sent as f64));
            text.line("deliveries/s", thousands(self.deliveries_per_second));
            text.latency("latency", &self.latency);
        }
        if let Some(rate) = self.deliveries_per_server_cpu_second {
            text.line("deliveries/server CPU s", thousands(rate));
        }
        if let Some(server) = &self.server {
            text.usage("server", server);
            text.line("server peak", mebibytes(server.resident_peak_bytes));
        }
        for reason in &self.reasons {
            text.line("reason", reason);
        }
        text
    }

    fn verdict(&self) -> Verdict {
        let Self { missing, out_of_order, connections_lost, .. } = self;
        match missing + out_of_order + connections_lost {
            0 => Verdict::Clean,
            _ => Verdict::Failed(format!("{missing} missing, {out_of_order} out of order, {connections_lost} lost")),
        }
    }
}
