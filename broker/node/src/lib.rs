//! The running broker as a library: shards, lanes, connections and sessions, tenants, limits and configuration.
//!
//! A message's way: a [`transport`] reads it from a socket; the connection's [`session::Session`] turns it into a
//! request; the request goes to the shard that owns the channel (`shard`), which numbers it and, if the channel is
//! durable, has the store commit it; then each lane with subscribers is handed it once (`lane`), encodes it once for
//! each wire format, and writes it to its own connections.

pub mod auth;
pub mod broker;
pub mod channel_limits;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
mod lane;
pub mod limits;
mod maps;
pub mod metrics;
pub mod plugin;
pub mod realtime;
mod registry;
pub mod run_time_tenants;
pub mod session;
mod shard;
pub mod tenant;
pub mod transport;
pub mod upgrade;
pub mod worker;

pub use broker::Broker;
pub use lane::{ConnectionId, NewConnection};
