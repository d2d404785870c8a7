//! One channel, many subscribers: the broker's throughput and what a delivery costs it.

use anyhow::Result;

use super::limit::{self, LimitOptions};
use super::measured::measure;
use super::{Setting, Verdict};
use crate::load::plan::{Pace, Plan};
use crate::report::json::Machine;

/// What a fan-out run is given.
#[derive(Debug, Clone)]
pub struct FanoutOptions {
    /// Connections that subscribe.
    pub subscribers: usize,
    /// Connections that publish.
    pub publishers: usize,
    /// Payload size in bytes.
    pub size: usize,
    /// The channel.
    pub channel: String,
    /// When publishers send.
    pub pace: Pace,
    /// Whether the machine's own limit is measured as well.
    pub limit: bool,
}

/// Runs it and prints the report.
///
/// # Errors
/// When a connection cannot be set up, a process cannot be read or the report cannot be written.
pub fn run(setting: &Setting, options: &FanoutOptions) -> Result<Verdict> {
    let machine = Machine::now();
    let limit = options.limit.then(|| {
        let limit = LimitOptions { sockets: options.subscribers, size: options.size, channel: options.channel.clone() };
        limit::measure(setting, &limit)
    });
    let plan = Plan {
        target: setting.target.clone(),
        channels: vec![options.channel.clone(); options.publishers],
        publishers: options.publishers,
        subscribers: vec![0..options.publishers as u32; options.subscribers],
        pace: options.pace,
        size: options.size,
        threads: setting.threads,
    };
    let mut figures = measure(setting, plan)?;
    figures.limit = limit.transpose()?;
    print!("{}", figures.text("fanout").finish());
    setting.write_json("fanout", machine, &figures)?;
    Ok(figures.verdict())
}
