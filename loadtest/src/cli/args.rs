//! What the command line may say.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The token secret of natter's demo tenant.
const DEMO_SECRET: &str = "demo-secret-demo-secret-demo-secret";

/// Drives a server that speaks Centrifugo's client protocol, Socket.IO or ChatSDK's REST API, and judges what it did.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) scenario: Scenario,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// WebSocket endpoint
    #[arg(long, global = true, default_value = "ws://127.0.0.1:8000/connection/websocket")]
    pub(super) url: String,
    /// Encoding of every connection
    #[arg(long, global = true, value_enum, default_value = "json")]
    pub(super) encoding: EncodingName,
    /// One connection token for everybody, or "none" for anonymous connections
    #[arg(long, global = true, conflicts_with = "secret")]
    pub(super) token: Option<String>,
    /// HS256 secret to sign connection tokens with
    #[arg(long, global = true, default_value = DEMO_SECRET)]
    pub(super) secret: String,
    /// Server process to measure
    #[arg(long, global = true)]
    pub(super) pid: Option<u32>,
    /// Write the report as JSON to this file
    #[arg(long, global = true)]
    pub(super) json: Option<PathBuf>,
    /// Seconds before measuring
    #[arg(long, global = true, default_value_t = 3.0)]
    pub(super) warmup: f64,
    /// Measured seconds
    #[arg(long, global = true, default_value_t = 10.0)]
    pub(super) duration: f64,
    /// Reading threads; 0: half of the cores
    #[arg(long, global = true, default_value_t = 0)]
    pub(super) threads: usize,
    /// Show progress even when the error stream is no terminal
    #[arg(long, global = true)]
    pub(super) progress: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum EncodingName {
    Json,
    Protobuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum InterfaceName {
    Centrifugo,
    Chatsdk,
}

#[derive(Debug, Subcommand)]
pub(super) enum Scenario {
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
    /// Socket.IO: what idle connections cost, and one room with many members
    ///
    /// --url is an Engine.IO endpoint: ws://127.0.0.1:3000/socket.io/?EIO=4&transport=websocket
    #[command(name = "socketio")]
    SocketIo(SocketIoArgs),
    /// Durable sends over ChatSDK's REST API: one sender, many channels, one hot channel
    ///
    /// The server's limits must be raised first, in its configuration:
    /// [plugins.chatsdk] limits = { tokens_per_minute = 1000000, messages_per_minute = 100000000, requests_per_minute =
    /// 1000000 }
    Sends(SendsArgs),
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
pub(super) struct FanoutArgs {
    #[arg(long, default_value_t = 1000)]
    pub(super) subscribers: usize,
    #[arg(long, default_value_t = 1)]
    pub(super) publishers: usize,
    #[arg(long, default_value = "fast:fanout")]
    pub(super) channel: String,
    #[command(flatten)]
    pub(super) load: LoadArgs,
}

#[derive(Debug, Args)]
pub(super) struct LoadArgs {
    /// Payload bytes
    #[arg(long, default_value_t = 128)]
    pub(super) size: usize,
    /// Outstanding publishes per publisher
    #[arg(long, default_value_t = 32, conflicts_with = "rate")]
    pub(super) window: usize,
    /// Publishes per second over all publishers, instead of a window
    #[arg(long)]
    pub(super) rate: Option<f64>,
    /// Measure the machine's own limit as well, with as many sockets, and print ratios to it
    #[arg(long)]
    pub(super) limit: bool,
}

#[derive(Debug, Args)]
pub(super) struct RoomsArgs {
    #[arg(long, default_value_t = 2000)]
    pub(super) channels: usize,
    #[arg(long, default_value_t = 2)]
    pub(super) subscribers_per_channel: usize,
    /// Channels that one connection subscribes to
    #[arg(long, default_value_t = 1)]
    pub(super) channels_per_connection: usize,
    #[arg(long, default_value_t = 16)]
    pub(super) publishers: usize,
    /// What channel names begin with
    #[arg(long, default_value = "fast:room-")]
    pub(super) prefix: String,
    #[command(flatten)]
    pub(super) load: LoadArgs,
}

#[derive(Debug, Args)]
pub(super) struct IdleArgs {
    #[arg(long, default_value_t = 15_000)]
    pub(super) connections: usize,
    /// Channels per connection
    #[arg(long, default_value_t = 1)]
    pub(super) subscriptions: usize,
    /// All connections share this many channels, instead of having their own
    #[arg(long)]
    pub(super) shared_channels: Option<usize>,
    /// What channel names begin with
    #[arg(long, default_value = "fast:idle-")]
    pub(super) prefix: String,
    /// Seconds to stay idle
    #[arg(long, default_value_t = 60.0)]
    pub(super) hold: f64,
}

#[derive(Debug, Args)]
pub(super) struct SocketIoArgs {
    /// Connections that do nothing
    #[arg(long, default_value_t = 0)]
    pub(super) idle: usize,
    /// Seconds for which they do so
    #[arg(long, default_value_t = 30.0)]
    pub(super) hold: f64,
    /// Members of the room; 0: idle connections only
    #[arg(long, default_value_t = 1000)]
    pub(super) members: usize,
    /// Members that send, beside them
    #[arg(long, default_value_t = 1)]
    pub(super) senders: usize,
    /// Messages under way, of each sender
    #[arg(long, default_value_t = 32)]
    pub(super) window: u64,
    /// Bytes of a message's data
    #[arg(long, default_value_t = 128)]
    pub(super) size: usize,
}

#[derive(Debug, Args)]
pub(super) struct SendsArgs {
    /// Base URL of the API
    #[arg(long, default_value = "http://127.0.0.1:5501")]
    pub(super) api: String,
    /// Key of the API; with --token instead of --secret, that one user sends everything
    #[arg(long, default_value = "demo-api-key")]
    pub(super) api_key: String,
    /// URL of the server's metrics, to count syncs of the disk
    #[arg(long)]
    pub(super) metrics: Option<String>,
    /// Kept-alive connections of the workloads with many senders, each with one send under way
    #[arg(long, default_value_t = 64)]
    pub(super) connections: usize,
    /// Bytes of a message's text
    #[arg(long, default_value_t = 64)]
    pub(super) size: usize,
    /// Give each message a clientId, as a client that retries does
    #[arg(long)]
    pub(super) client_ids: bool,
}

#[derive(Debug, Args)]
pub(super) struct DurabilityArgs {
    /// What messages are sent through; a chat's users also edit, react and read
    #[arg(long, value_enum, default_value = "centrifugo")]
    pub(super) api: InterfaceName,
    /// The server's program
    #[arg(long)]
    pub(super) natter: PathBuf,
    /// Configuration to start from; listeners, folders and addresses are replaced
    #[arg(long)]
    pub(super) config: Option<PathBuf>,
    #[arg(long, default_value_t = 20)]
    pub(super) kills: u32,
    /// Repeats a schedule of kills; random when absent
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Publishing connections
    #[arg(long, default_value_t = 64)]
    pub(super) connections: usize,
    #[arg(long, default_value_t = 8)]
    pub(super) channels: usize,
    #[arg(long, default_value_t = 2)]
    pub(super) subscribers_per_channel: usize,
    /// Publishes per second over all connections; 0: as fast as answers come
    #[arg(long, default_value_t = 8000.0)]
    pub(super) rate: f64,
    /// Milliseconds under load before a kill, at most
    #[arg(long, default_value_t = 1500)]
    pub(super) round_ms: u64,
    /// Namespace of the channels
    #[arg(long, default_value = "durable")]
    pub(super) namespace: String,
    /// Key of the server API
    #[arg(long, default_value = "demo-api-key")]
    pub(super) api_key: String,
    /// Folder in which the log and the server's data are made; the system's temporary folder when absent
    #[arg(long)]
    pub(super) folder: Option<PathBuf>,
    /// Keep the log and the server's data even when nothing is wrong
    #[arg(long)]
    pub(super) keep: bool,
}

#[derive(Debug, Args)]
pub(super) struct SenderArgs {
    #[arg(long)]
    pub(super) sockets: usize,
    #[arg(long)]
    pub(super) size: usize,
    #[arg(long)]
    pub(super) batch: usize,
    #[arg(long)]
    pub(super) channel: String,
    #[arg(long)]
    pub(super) milliseconds: u64,
}
