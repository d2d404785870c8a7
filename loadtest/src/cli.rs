//! The command line: subcommands, options, and the exit code (0 clean, 1 something was wrong, 2 it could not be run).

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use signal_hook::consts::SIGINT;

use crate::client::address::Address;
use crate::client::marker;
use crate::client::session::Target;
use crate::client::token::Tokens;
use crate::client::wire::Encoding;
use crate::load::plan::Pace;
use crate::oracle;
use crate::report::text::Progress;
use crate::scenario::durability::{self, DurabilityOptions};
use crate::scenario::fanout::{self, FanoutOptions};
use crate::scenario::idle::{self, IdleOptions};
use crate::scenario::limit::{self, LimitOptions};
use crate::scenario::limit_sender::{self, SenderOptions};
use crate::scenario::rooms::{self, RoomsOptions};
use crate::scenario::{Setting, Verdict};

/// The token secret of natter's demo tenant.
const DEMO_SECRET: &str = "demo-secret-demo-secret-demo-secret";

/// Drives a server that speaks Centrifugo's client protocol, and judges what it delivered.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    /// WebSocket endpoint
    #[arg(long, global = true, default_value = "ws://127.0.0.1:8000/connection/websocket")]
    url: String,
    /// Encoding of every connection
    #[arg(long, global = true, value_enum, default_value = "json")]
    encoding: EncodingName,
    /// One connection token for everybody, or "none" for anonymous connections
    #[arg(long, global = true, conflicts_with = "secret")]
    token: Option<String>,
    /// HS256 secret to sign connection tokens with
    #[arg(long, global = true, default_value = DEMO_SECRET)]
    secret: String,
    /// Server process to measure
    #[arg(long, global = true)]
    pid: Option<u32>,
    /// Write the report as JSON to this file
    #[arg(long, global = true)]
    json: Option<PathBuf>,
    /// Seconds before measuring
    #[arg(long, global = true, default_value_t = 3.0)]
    warmup: f64,
    /// Measured seconds
    #[arg(long, global = true, default_value_t = 10.0)]
    duration: f64,
    /// Reading threads; 0: half of the cores
    #[arg(long, global = true, default_value_t = 0)]
    threads: usize,
    /// Show progress even when the error stream is no terminal
    #[arg(long, global = true)]
    progress: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EncodingName {
    Json,
    Protobuf,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// The machine's own limit: bare sends to connected sockets, without a broker
    Limit {
        #[arg(long, default_value_t = 1000)]
        subscribers: usize,
        #[arg(long, default_value_t = 128)]
        size: usize,
    },
    /// One channel with many subscribers
    Fanout(FanoutArgs),
    /// Many channels with few subscribers each
    Rooms(RoomsArgs),
    /// Many connections that do nothing
    Idle(IdleArgs),
    /// Kills the server again and again and judges what survives
    Durability(DurabilityArgs),
    /// Judges an operation log that a durability run kept
    Judge {
        /// The log
        log: PathBuf,
    },
    #[command(hide = true)]
    LimitSender(SenderArgs),
}

#[derive(Debug, Args)]
struct FanoutArgs {
    #[arg(long, default_value_t = 1000)]
    subscribers: usize,
    #[arg(long, default_value_t = 1)]
    publishers: usize,
    #[arg(long, default_value = "fast:fanout")]
    channel: String,
    #[command(flatten)]
    load: LoadArgs,
    /// Measure the machine's own limit as well and print ratios to it
    #[arg(long)]
    limit: bool,
}

#[derive(Debug, Args)]
struct LoadArgs {
    /// Payload bytes
    #[arg(long, default_value_t = 128)]
    size: usize,
    /// Outstanding publishes per publisher
    #[arg(long, default_value_t = 32, conflicts_with = "rate")]
    window: usize,
    /// Publishes per second over all publishers, instead of a window
    #[arg(long)]
    rate: Option<f64>,
}

#[derive(Debug, Args)]
struct RoomsArgs {
    #[arg(long, default_value_t = 2000)]
    channels: usize,
    #[arg(long, default_value_t = 2)]
    subscribers_per_channel: usize,
    /// Channels that one connection subscribes to
    #[arg(long, default_value_t = 1)]
    channels_per_connection: usize,
    #[arg(long, default_value_t = 16)]
    publishers: usize,
    /// What channel names begin with
    #[arg(long, default_value = "fast:room-")]
    prefix: String,
    #[command(flatten)]
    load: LoadArgs,
}

#[derive(Debug, Args)]
struct IdleArgs {
    #[arg(long, default_value_t = 15_000)]
    connections: usize,
    /// Channels per connection
    #[arg(long, default_value_t = 1)]
    subscriptions: usize,
    /// All connections share this many channels, instead of having their own
    #[arg(long)]
    shared_channels: Option<usize>,
    /// What channel names begin with
    #[arg(long, default_value = "fast:idle-")]
    prefix: String,
    /// Seconds to stay idle
    #[arg(long, default_value_t = 60.0)]
    hold: f64,
}

#[derive(Debug, Args)]
struct DurabilityArgs {
    /// The server's program
    #[arg(long)]
    natter: PathBuf,
    /// Configuration to start from; listeners, folders and addresses are replaced
    #[arg(long)]
    config: Option<PathBuf>,
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// Repeats a schedule of kills; random when absent
    #[arg(long)]
    seed: Option<u64>,
    /// Publishing connections
    #[arg(long, default_value_t = 64)]
    connections: usize,
    #[arg(long, default_value_t = 8)]
    channels: usize,
    #[arg(long, default_value_t = 2)]
    subscribers_per_channel: usize,
    /// Publishes per second over all connections; 0: as fast as answers come
    #[arg(long, default_value_t = 8000.0)]
    rate: f64,
    /// Milliseconds under load before a kill, at most
    #[arg(long, default_value_t = 1500)]
    round_ms: u64,
    /// Namespace of the channels
    #[arg(long, default_value = "durable")]
    namespace: String,
    /// Key of the server API
    #[arg(long, default_value = "demo-api-key")]
    api_key: String,
    /// Keep the log and the server's data even when nothing is wrong
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Args)]
struct SenderArgs {
    #[arg(long)]
    sockets: usize,
    #[arg(long)]
    size: usize,
    #[arg(long)]
    batch: usize,
    #[arg(long)]
    channel: String,
    #[arg(long)]
    milliseconds: u64,
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Failed(reason)) => {
            eprintln!("FAILED: {reason}");
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn execute(cli: Cli) -> Result<Verdict> {
    let setting = setting(&cli.common)?;
    match cli.scenario {
        Scenario::Limit { subscribers, size } => limit::run(
            &setting,
            &LimitOptions { sockets: subscribers, size: payload(size)?, channel: "fast:fanout".into() },
        ),
        Scenario::Fanout(args) => fanout::run(&setting, &args.options()?),
        Scenario::Rooms(args) => rooms::run(&setting, &args.options()?),
        Scenario::Idle(args) => idle::run(&setting, &args.options()),
        Scenario::Durability(args) => durability::run(&setting, &args.options()),
        Scenario::Judge { log } => oracle::judge_file(&log),
        Scenario::LimitSender(args) => limit_sender::run(&args.options()).map(|()| Verdict::Clean),
    }
}

fn setting(common: &Common) -> Result<Setting> {
    let tokens = match &common.token {
        Some(token) if token == "none" => Tokens::Anonymous,
        Some(token) => Tokens::Fixed(token.clone()),
        None => Tokens::Signed(common.secret.clone()),
    };
    let encoding = match common.encoding {
        EncodingName::Json => Encoding::Json,
        EncodingName::Protobuf => Encoding::Protobuf,
    };
    Ok(Setting {
        target: Target { address: Address::parse(&common.url)?, encoding, tokens },
        pid: common.pid,
        json: common.json.clone(),
        warmup: seconds(common.warmup)?,
        duration: seconds(common.duration)?,
        threads: if common.threads == 0 { default_threads() } else { common.threads },
        stop: interrupt_flag()?,
        progress: Progress::new(common.progress),
    })
}

fn seconds(value: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(value).with_context(|| format!("{value} is no number of seconds"))
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
}

/// A flag that the first Ctrl-C sets; the second one ends the process at once.
fn interrupt_flag() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&flag))?;
    signal_hook::flag::register(SIGINT, Arc::clone(&flag))?;
    Ok(flag)
}

fn payload(size: usize) -> Result<usize> {
    let (min, max) = (marker::SIZE_MIN, crate::client::frame::PAYLOAD_MAX / 2);
    if !(min..=max).contains(&size) {
        bail!("--size must be between {min} and {max}");
    }
    Ok(size)
}

impl LoadArgs {
    fn pace(&self) -> Result<Pace> {
        match self.rate {
            Some(rate) if rate > 0.0 && rate.is_finite() => Ok(Pace::Rate(rate)),
            Some(rate) => bail!("--rate {rate} is no rate"),
            None if self.window == 0 => bail!("--window must be at least 1"),
            None => Ok(Pace::Window(self.window)),
        }
    }
}

impl FanoutArgs {
    fn options(self) -> Result<FanoutOptions> {
        Ok(FanoutOptions {
            subscribers: self.subscribers,
            publishers: self.publishers.max(1),
            size: payload(self.load.size)?,
            pace: self.load.pace()?,
            channel: self.channel,
            limit: self.limit,
        })
    }
}

impl RoomsArgs {
    fn options(self) -> Result<RoomsOptions> {
        Ok(RoomsOptions {
            channels: self.channels.max(1),
            subscribers_per_channel: self.subscribers_per_channel,
            channels_per_connection: self.channels_per_connection,
            publishers: self.publishers.max(1),
            size: payload(self.load.size)?,
            pace: self.load.pace()?,
            prefix: self.prefix,
        })
    }
}

impl IdleArgs {
    fn options(self) -> IdleOptions {
        IdleOptions {
            connections: self.connections,
            subscriptions: self.subscriptions,
            shared_channels: self.shared_channels,
            prefix: self.prefix,
            hold: Duration::try_from_secs_f64(self.hold).unwrap_or_default(),
        }
    }
}

impl SenderArgs {
    fn options(self) -> SenderOptions {
        SenderOptions {
            sockets: self.sockets,
            size: self.size,
            batch: self.batch,
            channel: self.channel,
            duration: Duration::from_millis(self.milliseconds),
        }
    }
}

impl DurabilityArgs {
    fn options(self) -> DurabilityOptions {
        DurabilityOptions {
            program: self.natter,
            config: self.config,
            kills: self.kills,
            seed: self.seed.unwrap_or_else(rand::random),
            connections: self.connections.max(1),
            channels: self.channels.max(1),
            subscribers_per_channel: self.subscribers_per_channel,
            rate: self.rate,
            round: Duration::from_millis(self.round_ms),
            namespace: self.namespace,
            api_key: self.api_key,
            keep: self.keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_secret_of_ones_own_is_no_conflict_and_a_token_beside_it_is() {
        assert!(Cli::try_parse_from(["loadtest", "fanout", "--secret", "s"]).is_ok());
        assert!(Cli::try_parse_from(["loadtest", "fanout", "--token", "t"]).is_ok());
        assert!(Cli::try_parse_from(["loadtest", "fanout", "--token", "t", "--secret", "s"]).is_err());
    }
}
