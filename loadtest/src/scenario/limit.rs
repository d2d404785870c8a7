//! The machine's own limit: what bare sends to the same number of sockets reach, without any broker.
//!
//! A child process, so that its CPU time is counted apart, sends frames made beforehand to connected loopback sockets; this
//! process reads them with the same event loop that reads a fan-out. Once with one send per delivery, once with 16 frames
//! per write. The child is this program again, under a hidden subcommand.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{Setting, Verdict};
use crate::client::address::connect;
use crate::client::descriptors;
use crate::client::receive::Inbox;
use crate::load::checker::Checker;
use crate::load::shared::{Phase, Shared};
use crate::load::worker::{Subscriber, Worker};
use crate::report::json::Machine;
use crate::report::process::Sample;
use crate::report::text::{Text, thousands};

/// Frames per write in the second measurement.
pub const BATCH: usize = 16;

/// The longest that each of the two measurements takes; the limit needs no more to settle.
const MEASURED_MAX: Duration = Duration::from_secs(5);

/// What a limit run is given.
#[derive(Debug, Clone)]
pub struct LimitOptions {
    /// Sockets that are sent to.
    pub sockets: usize,
    /// Payload size in bytes.
    pub size: usize,
    /// The channel named in each frame.
    pub channel: String,
}

/// One way of sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Deliveries sent.
    pub deliveries: u64,
    /// Wall time.
    pub seconds: f64,
    /// CPU time of the sender.
    pub cpu_seconds: f64,
    /// Deliveries per second of wall time.
    pub per_second: f64,
    /// Deliveries per second of the sender's CPU time.
    pub per_cpu_second: f64,
    /// CPU time of this process per delivery that it read, in nanoseconds.
    #[serde(default)]
    pub reader_cpu_ns_per_delivery: f64,
}

impl Rate {
    /// The rates of a measurement.
    #[must_use]
    pub fn new(deliveries: u64, seconds: f64, cpu_seconds: f64) -> Self {
        let per = |seconds: f64| if seconds > 0.0 { deliveries as f64 / seconds } else { 0.0 };
        Self {
            deliveries,
            seconds,
            cpu_seconds,
            per_second: per(seconds),
            per_cpu_second: per(cpu_seconds),
            reader_cpu_ns_per_delivery: 0.0,
        }
    }
}

/// Both ways of sending.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limit {
    /// One send per delivery.
    pub single: Rate,
    /// [`BATCH`] frames per write.
    pub batched: Rate,
}

impl Limit {
    /// Adds both to a report.
    pub fn describe(&self, text: &mut Text) {
        for (name, rate) in [("limit, one per send", self.single), ("limit, 16 per write", self.batched)] {
            let (wall, cpu) = (thousands(rate.per_second), thousands(rate.per_cpu_second));
            let reader = rate.reader_cpu_ns_per_delivery;
            text.line(name, format!("{wall} deliveries/s, {cpu} per sender CPU s, reading {reader:.0} ns each"));
        }
    }
}

/// Runs it and prints the report.
///
/// # Errors
/// When the child process cannot be run or the report cannot be written.
pub fn run(setting: &Setting, options: &LimitOptions) -> Result<Verdict> {
    let machine = Machine::now();
    let limit = measure(setting, options)?;
    let mut text = Text::default();
    text.line("limit", format!("{} sockets, {} bytes of payload", options.sockets, options.size));
    limit.describe(&mut text);
    print!("{}", text.finish());
    setting.write_json("limit", machine, limit)?;
    Ok(Verdict::Clean)
}

/// Measures both ways with fresh sockets each.
///
/// # Errors
/// When the child process cannot be run or sockets cannot be opened.
pub fn measure(setting: &Setting, options: &LimitOptions) -> Result<Limit> {
    descriptors::require(options.sockets)?;
    let single = measure_one(setting, options, 1)?;
    let batched = measure_one(setting, options, BATCH)?;
    Ok(Limit { single, batched })
}

fn measure_one(setting: &Setting, options: &LimitOptions, batch: usize) -> Result<Rate> {
    let mut sender = Sender::start(setting, options, batch)?;
    let shared = Arc::new(Shared::new());
    let start = || Worker::start(Arc::clone(&shared), setting.target.encoding);
    let workers = (0..setting.threads.max(1)).map(|_| start()).collect::<std::io::Result<Vec<_>>>()?;
    for index in 0..options.sockets {
        let subscriber = Subscriber {
            stream: connect(sender.address, index)?,
            inbox: Inbox::default(),
            checker: Checker::new(0..1),
        };
        workers[index % workers.len()].add(subscriber)?;
    }
    setting.progress.line(format!("limit: sending, {batch} per write"));
    let before = Sample::own()?;
    let rate = sender.measure();
    let read = Sample::own()?.since(&before);
    shared.enter(Phase::Stop);
    workers.into_iter().for_each(|worker| drop(worker.join()));
    let rate = rate?;
    let reader_cpu_ns_per_delivery = read.cpu_seconds * 1e9 / rate.deliveries.max(1) as f64;
    Ok(Rate { reader_cpu_ns_per_delivery, ..rate })
}

/// The child process.
struct Sender {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Sender {
    fn start(setting: &Setting, options: &LimitOptions, batch: usize) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut child = Command::new(program)
            .arg("limit-sender")
            .args(["--sockets", &options.sockets.to_string(), "--size", &options.size.to_string()])
            .args(["--batch", &batch.to_string(), "--channel", &options.channel])
            .args(["--milliseconds", &setting.duration.min(MEASURED_MAX).as_millis().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the sender")?;
        let (input, output) = child.stdin.take().zip(child.stdout.take()).context("the sender has no pipes")?;
        let mut output = BufReader::new(output);
        let port = read_line(&mut output)?.parse().context("the sender named no port")?;
        Ok(Self { child, input, output, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) })
    }

    fn measure(&mut self) -> Result<Rate> {
        self.input.write_all(b"go\n")?;
        let line = read_line(&mut self.output)?;
        self.child.wait()?;
        serde_json::from_str(&line).with_context(|| format!("the sender said {line:?}"))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Only after a failure is it still there; then there is nobody to report a second one to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_line(output: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if output.read_line(&mut line)? == 0 {
        bail!("the sender ended early");
    }
    Ok(line.trim().to_owned())
}
