//! The measured part that fan-out and rooms have in common, and its report.

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::limit::Limit;
use super::{Setting, Verdict};
use crate::load::checker::Faults;
use crate::load::plan::Plan;
use crate::load::run::{Found, Load};
use crate::load::shared::{Phase, Totals};
use crate::report::hdr::Quantiles;
use crate::report::process::{Sample, Usage};
use crate::report::text::{Text, mebibytes, thousands};

/// Every figure of a load.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Measured time.
    pub seconds: f64,
    /// Whether Ctrl-C ended it early.
    pub interrupted: bool,
    /// Acknowledged publishes per second.
    pub publishes_per_second: f64,
    /// Deliveries per second.
    pub deliveries_per_second: f64,
    /// Bytes read by subscribers and publishers per second, frame headers included, in MiB.
    pub mebibytes_per_second: f64,
    /// Deliveries per second of the server's CPU time, when its process is known.
    pub deliveries_per_server_cpu_second: Option<f64>,
    /// The server, when its process is known.
    pub server: Option<Usage>,
    /// This process.
    pub generator: Usage,
    /// This process's CPU time per delivery, publishing included.
    pub generator_cpu_ns_per_delivery: f64,
    /// Deliveries that one read call brought, on average.
    pub deliveries_per_read: f64,
    /// From sending (or the due time) to reading.
    pub delivery_latency: Quantiles,
    /// From sending (or the due time) to the acknowledgement.
    pub publish_latency: Quantiles,
    /// From beginning to end: publishes sent, acknowledged, refused and never answered.
    pub published: [u64; 4],
    /// From beginning to end: deliveries.
    pub delivered: u64,
    /// Connections that ended early.
    pub connections_lost: u64,
    /// Everything that was wrong.
    pub faults: Faults,
    /// What explains it, the first few.
    pub reasons: Vec<String>,
    /// The machine's own limit and the ratios to it, when it was measured.
    pub limit: Option<Limit>,
}

/// Opens, warms up, measures and judges one load.
///
/// # Errors
/// When a connection cannot be set up or a process cannot be read.
pub fn measure(setting: &Setting, plan: Plan) -> Result<Figures> {
    let load = Load::open(plan, Arc::clone(&setting.stop), setting.progress)?;
    load.stay(Phase::Warm, setting.warmup);
    let (before, server, own) = (load.totals(), setting.server()?, Sample::own()?);
    let began_ns = load.shared.clock.now_ns();
    load.stay(Phase::Measure, setting.duration);
    let seconds = (load.shared.clock.now_ns() - began_ns) as f64 / 1e9;
    let done = load.totals().since(before);
    // The server may have died under the load; that is for the verdict, not a reason to lose the report.
    let server = server.and_then(|server| Some(setting.server().ok()??.since(&server)));
    let generator = Sample::own()?.since(&own);
    let interrupted = load.is_interrupted();
    Ok(Figures { interrupted, server, generator, ..figures(seconds, done, load.finish()?) }.with_ratios())
}

fn figures(seconds: f64, done: Totals, found: Found) -> Figures {
    let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let Totals { published, acknowledged, refused, deliveries, closed, .. } = found.totals;
    Figures {
        seconds,
        interrupted: false,
        publishes_per_second: per_second(done.acknowledged),
        deliveries_per_second: per_second(done.deliveries),
        mebibytes_per_second: per_second(done.bytes) / f64::from(1 << 20),
        deliveries_per_server_cpu_second: None,
        server: None,
        generator: Usage::default(),
        generator_cpu_ns_per_delivery: 0.0,
        deliveries_per_read: done.deliveries as f64 / done.reads.max(1) as f64,
        delivery_latency: Quantiles::from(&found.latency),
        publish_latency: Quantiles::from(&found.acknowledged),
        published: [published, acknowledged, refused, found.unanswered],
        delivered: deliveries,
        connections_lost: closed,
        faults: found.faults,
        reasons: found.reasons,
        limit: None,
    }
}

impl Figures {
    fn with_ratios(mut self) -> Self {
        let deliveries = self.deliveries_per_second * self.seconds;
        self.generator_cpu_ns_per_delivery = self.generator.cpu_seconds * 1e9 / deliveries.max(1.0);
        self.deliveries_per_server_cpu_second =
            self.server.filter(|server| server.cpu_seconds > 0.0).map(|server| deliveries / server.cpu_seconds);
        self
    }

    /// The report for people.
    #[must_use]
    pub fn text(&self, title: &str) -> Text {
        let mut text = Text::default();
        let interrupted = if self.interrupted { ", interrupted" } else { "" };
        text.line(title, format!("{:.1} s measured{interrupted}", self.seconds));
        text.line("publishes/s", thousands(self.publishes_per_second));
        text.line("deliveries/s", thousands(self.deliveries_per_second));
        text.line(
            "read",
            format!("{:.1} MiB/s, {:.2} deliveries per read", self.mebibytes_per_second, self.deliveries_per_read),
        );
        if let Some(rate) = self.deliveries_per_server_cpu_second {
            text.line("deliveries/server CPU s", thousands(rate));
        }
        if let Some(server) = &self.server {
            text.usage("server", server);
        }
        text.usage("load generator", &self.generator);
        text.line("generator CPU/delivery", format!("{:.0} ns", self.generator_cpu_ns_per_delivery));
        text.latency("delivery latency", &self.delivery_latency);
        text.latency("publish latency", &self.publish_latency);
        if let Some(limit) = &self.limit {
            limit.describe(&mut text);
            self.describe_ratios(limit, &mut text);
        }
        self.describe_outcome(&mut text);
        text
    }

    fn describe_ratios(&self, limit: &Limit, text: &mut Text) {
        for (name, limit) in [("one per send", limit.single), ("16 per write", limit.batched)] {
            let of_wall = 100.0 * self.deliveries_per_second / limit.per_second;
            let of_cpu = self
                .deliveries_per_server_cpu_second
                .map_or(String::new(), |rate| format!(", {:.1} % per CPU second", 100.0 * rate / limit.per_cpu_second));
            text.line(&format!("of the limit, {name}"), format!("{of_wall:.1} % per second{of_cpu}"));
        }
    }

    fn describe_outcome(&self, text: &mut Text) {
        let [published, acknowledged, refused, unanswered] = self.published;
        text.line(
            "published",
            format!("{published}: {acknowledged} acknowledged, {refused} refused, {unanswered} unanswered"),
        );
        text.line("delivered", format!("{}, resident {}", self.delivered, mebibytes(self.generator.resident_bytes)));
        let Faults { lost, duplicated, reordered, misdelivered, refused_but_delivered } = self.faults;
        let faults = format!(
            "{lost} lost, {duplicated} duplicated, {reordered} reordered, {misdelivered} misdelivered, \
             {refused_but_delivered} refused but delivered, {} connections lost",
            self.connections_lost
        );
        text.line("faults", faults);
        for reason in &self.reasons {
            text.line("reason", reason);
        }
    }

    /// Whether anything was lost, duplicated or reordered, or a connection ended early.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let Faults { lost, duplicated, reordered, misdelivered, refused_but_delivered } = self.faults;
        if self.faults.any() || self.connections_lost > 0 {
            return Verdict::Failed(format!(
                "{lost} lost, {duplicated} duplicated, {reordered} reordered, {} wrong, {} connections lost",
                misdelivered + refused_but_delivered,
                self.connections_lost
            ));
        }
        if self.delivered == 0 && !self.interrupted {
            return Verdict::Failed("nothing was delivered".to_owned());
        }
        Verdict::Clean
    }
}
