//! Many small rooms: what a publish costs when it reaches few, with the same checks per room.

use anyhow::Result;

use super::limit::{self, LimitOptions};
use super::measured::measure;
use super::{Setting, Verdict};
use crate::load::plan::{Pace, Plan};
use crate::report::json::Machine;

/// What a rooms run is given.
#[derive(Debug, Clone)]
pub struct RoomsOptions {
    /// Rooms.
    pub channels: usize,
    /// Subscriptions per room.
    pub subscribers_per_channel: usize,
    /// Rooms that one connection subscribes to.
    pub channels_per_connection: usize,
    /// Connections that publish, each into its share of the rooms in turn.
    pub publishers: usize,
    /// Payload size in bytes.
    pub size: usize,
    /// What room names begin with.
    pub prefix: String,
    /// When publishers send.
    pub pace: Pace,
    /// Whether the machine's own limit is measured as well, with as many sockets.
    pub limit: bool,
}

/// Runs it and prints the report.
///
/// # Errors
/// When a connection cannot be set up, a process cannot be read or the report cannot be written.
pub fn run(setting: &Setting, options: &RoomsOptions) -> Result<Verdict> {
    let machine = Machine::now();
    let plan = plan(setting, options);
    let channel = format!("{}0", options.prefix);
    let limit = LimitOptions { sockets: plan.subscribers.len(), size: options.size, channel };
    let limit = options.limit.then(|| limit::measure(setting, &limit));
    let mut figures = measure(setting, plan)?;
    figures.limit = limit.transpose()?;
    print!("{}", figures.text("rooms").finish());
    setting.write_json("rooms", machine, &figures)?;
    Ok(figures.verdict())
}

fn plan(setting: &Setting, options: &RoomsOptions) -> Plan {
    let channels: Vec<String> = (0..options.channels).map(|room| format!("{}{room}", options.prefix)).collect();
    let step = options.channels_per_connection.max(1);
    let groups = (0..channels.len()).step_by(step).map(|first| first as u32..(first + step).min(channels.len()) as u32);
    Plan {
        target: setting.target.clone(),
        publishers: options.publishers.min(channels.len()),
        subscribers: groups.flat_map(|group| vec![group; options.subscribers_per_channel]).collect(),
        channels,
        pace: options.pace,
        size: options.size,
        threads: setting.threads,
    }
}
