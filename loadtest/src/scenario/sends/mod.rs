//! Durable sends over ChatSDK's REST API: what one sender alone gets, what many senders in channels of their own get, and
//! what many senders in one hot channel get, with the disk's syncs beside it.
//!
//! Each connection is kept alive and has one send under way, so the numbers are those of a closed loop. After each workload
//! its channels are read back: a run in which an acknowledged message is missing, repeated or out of order has failed.
//! Any answer but 201 ends the run.

use anyhow::{Context, Result};

use self::figures::{Figures, WorkloadFigures};
use self::setup::{Senders, Workload};
use super::{Setting, Verdict};
use crate::client::descriptors;
use crate::client::http::base::HttpBase;
use crate::report::json::Machine;

mod connection;
pub mod figures;
pub mod judge;
mod marker;
mod metrics;
mod read_back;
mod setup;
mod worker;
mod workload;

/// What a run of sends is given.
#[derive(Debug, Clone)]
pub struct SendsOptions {
    /// Base URL of the API.
    pub api: String,
    /// The application's key.
    pub api_key: String,
    /// URL of the server's metrics, if syncs are to be counted.
    pub metrics: Option<String>,
    /// Connections of the workloads with many senders; at least 1.
    pub connections: usize,
    /// Bytes of a message's text, at least; a few more when its marker needs them.
    pub size: usize,
    /// Whether each message has a `clientId`, as a client that retries gives one.
    pub client_ids: bool,
}

/// Runs the three workloads one after the other and prints the report of each.
///
/// # Errors
/// When a connection, user, token or channel cannot be set up, or a channel cannot be read back.
pub fn run(setting: &Setting, options: &SendsOptions) -> Result<Verdict> {
    let machine = Machine::now();
    descriptors::require(options.connections)?;
    let base = HttpBase::parse(&options.api)?;
    let senders = Senders::prepare(setting, options, &base).context("users and tokens")?;
    let mut workloads: Vec<WorkloadFigures> = Vec::new();
    for kind in [Workload::Alone, Workload::ManyChannels, Workload::HotChannel] {
        let plan = senders.plan(kind, options).with_context(|| format!("channels of {}", kind.name()))?;
        setting.progress.line(format!("{}: {} connections", kind.name(), plan.lanes.len()));
        let found = workload::run(setting, options, &base, &plan)?;
        let channels = read_back::read_all(&senders.api, &plan, found.run)?;
        let figures = WorkloadFigures::new(kind, &plan, found, &channels);
        print!("{}", figures.text().finish());
        let goes_on = figures.verdict().is_ok() && !figures.interrupted;
        workloads.push(figures);
        if !goes_on {
            break;
        }
    }
    let figures = Figures { size: options.size, client_ids: options.client_ids, workloads };
    let verdict = figures.verdict();
    setting.write_json("sends", machine, figures)?;
    Ok(verdict)
}
