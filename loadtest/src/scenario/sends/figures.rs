//! The figures of a run of sends, for machines and for people.

use serde::Serialize;

use super::judge::{self, Faults, Judged, ReadBack};
use super::setup::{Plan, Workload};
use super::workload::Found;
use crate::report::hdr::Quantiles;
use crate::report::process::Usage;
use crate::report::text::{Text, thousands};
use crate::scenario::Verdict;

/// Everything that a run found.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Bytes of a message's text.
    pub size: usize,
    /// Whether each message had a `clientId`.
    pub client_ids: bool,
    /// One after the other.
    pub workloads: Vec<WorkloadFigures>,
}

/// What the disk did in the measured time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DiskFigures {
    /// Syncs.
    pub syncs: f64,
    /// Syncs per second.
    pub syncs_per_second: f64,
    /// Events that one sync made durable, on average.
    pub events_per_sync: f64,
    /// How long a sync took, on average.
    pub sync_ms: f64,
}

/// The figures of one workload.
#[derive(Debug, Serialize)]
pub struct WorkloadFigures {
    /// Which one.
    pub workload: &'static str,
    /// Connections, each with one send under way.
    pub connections: usize,
    /// Channels that they sent to.
    pub channels: usize,
    /// Measured time.
    pub seconds: f64,
    /// Whether Ctrl-C ended it early.
    pub interrupted: bool,
    /// Acknowledged sends per second.
    pub sends_per_second: f64,
    /// From the request's first byte to the whole answer.
    pub latency: Quantiles,
    /// The server, when its process is known.
    pub server: Option<Usage>,
    /// The server's CPU time per send, when its process is known.
    pub server_cpu_us_per_send: Option<f64>,
    /// This process.
    pub generator: Usage,
    /// This process's CPU time per send.
    pub generator_cpu_us_per_send: f64,
    /// The disk, when the server's metrics are known.
    pub disk: Option<DiskFigures>,
    /// Answers other than 201, and connections that broke.
    pub errors: u64,
    /// What explains them, the first few.
    pub reasons: Vec<String>,
    /// What reading back found.
    pub judged: Judged,
}

impl WorkloadFigures {
    pub(super) fn new(kind: Workload, plan: &Plan, found: Found, channels: &[ReadBack]) -> Self {
        let sends = found.acknowledged.max(1) as f64;
        let per_second = |count: f64| if found.seconds > 0.0 { count / found.seconds } else { 0.0 };
        let disk = found.disk.map(|disk| DiskFigures {
            syncs: disk.syncs,
            syncs_per_second: per_second(disk.syncs),
            events_per_sync: disk.events / disk.syncs.max(1.0),
            sync_ms: 1e3 * disk.sync_seconds / disk.syncs.max(1.0),
        });
        Self {
            workload: kind.name(),
            connections: plan.lanes.len(),
            channels: plan.channels.len(),
            seconds: found.seconds,
            interrupted: found.interrupted,
            sends_per_second: per_second(found.acknowledged as f64),
            latency: Quantiles::from(&found.latency),
            server: found.server,
            server_cpu_us_per_send: found.server.map(|server| server.cpu_seconds * 1e6 / sends),
            generator: found.generator,
            generator_cpu_us_per_send: found.generator.cpu_seconds * 1e6 / sends,
            disk,
            errors: found.errors,
            reasons: found.reasons,
            judged: judge::judge(&found.logs, channels),
        }
    }

    /// The report for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let mut text = Text::default();
        let interrupted = if self.interrupted { ", interrupted" } else { "" };
        let (connections, channels) = (self.connections, self.channels);
        let extent = format!("{connections} connections, {channels} channels, {:.1} s{interrupted}", self.seconds);
        text.line(self.workload, extent);
        text.line("sends/s", thousands(self.sends_per_second));
        text.latency("latency", &self.latency);
        if let Some(server) = &self.server {
            text.usage("server", server);
        }
        if let Some(cpu) = self.server_cpu_us_per_send {
            text.line("server CPU/send", format!("{cpu:.1} us"));
        }
        if let Some(DiskFigures { syncs_per_second, events_per_sync, sync_ms, .. }) = self.disk {
            let syncs = thousands(syncs_per_second);
            text.line("disk", format!("{syncs} syncs/s of {sync_ms:.3} ms, {events_per_sync:.2} events per sync"));
        }
        text.usage("load generator", &self.generator);
        text.line("generator CPU/send", format!("{:.1} us", self.generator_cpu_us_per_send));
        self.describe_outcome(&mut text);
        text
    }

    fn describe_outcome(&self, text: &mut Text) {
        let Judged { acknowledged, unanswered, stored, faults, findings } = &self.judged;
        text.line(
            "read back",
            format!("{stored} messages; {acknowledged} acknowledged, {unanswered} unanswered, {} errors", self.errors),
        );
        let Faults { missing, repeated, moved, reordered, gaps, strangers } = faults;
        let faults = format!(
            "{missing} missing, {repeated} repeated, {moved} moved, {reordered} reordered, {gaps} gaps, \
             {strangers} strangers"
        );
        text.line("faults", faults);
        for reason in self.reasons.iter().chain(findings) {
            text.line("reason", reason);
        }
    }

    /// What is wrong with it, if anything.
    ///
    /// # Errors
    /// The fault in a few words.
    pub fn verdict(&self) -> Result<(), String> {
        let name = self.workload;
        if self.judged.faults.any() {
            return Err(format!("{name}: {:?}", self.judged.faults));
        }
        if self.errors > 0 {
            let reason = self.reasons.first().map_or("", String::as_str);
            return Err(format!("{name}: {} errors: {reason}", self.errors));
        }
        if self.judged.unanswered > 0 {
            return Err(format!("{name}: {} sends had no answer", self.judged.unanswered));
        }
        if self.latency.count == 0 && !self.interrupted {
            return Err(format!("{name}: nothing was sent"));
        }
        Ok(())
    }
}

impl Figures {
    /// Clean when every workload is.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let wrong = self.workloads.iter().find_map(|workload| workload.verdict().err());
        wrong.map_or(Verdict::Clean, Verdict::Failed)
    }
}

#[cfg(test)]
mod tests;
