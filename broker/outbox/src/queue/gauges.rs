//! How much waits and how much was given up, as metrics tell it.

use std::collections::HashMap;
use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::job::JobKind;
use super::outbox::Shared;
use super::record::Head;

/// Counts of stored jobs. They are exact once the first survey is over.
#[derive(Debug, Default)]
pub(super) struct Tally {
    waiting: [u64; 4],
    dead: [u64; 4],
    tenants: HashMap<String, u64>,
}

impl Tally {
    /// A job was stored, or found.
    pub(super) fn came(&mut self, head: &Head) {
        self.waiting[head.kind.index()] += 1;
        *self.tenants.entry(head.tenant.clone()).or_default() += 1;
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, counted: Self) {
        for index in 0..self.waiting.len() {
            self.waiting[index] += counted.waiting[index];
            self.dead[index] += counted.dead[index];
        }
        for (tenant, count) in counted.tenants {
            *self.tenants.entry(tenant).or_default() += count;
        }
    }

    /// A waiting job was removed.
    pub(super) fn left(&mut self, head: &Head) {
        let waiting = &mut self.waiting[head.kind.index()];
        *waiting = waiting.saturating_sub(1);
        if let Some(count) = self.tenants.get_mut(&head.tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.tenants.remove(&head.tenant);
            }
        }
    }

    /// A dead job was stored, or found.
    pub(super) fn died(&mut self, kind: JobKind) {
        self.dead[kind.index()] += 1;
    }

    /// A dead job was removed.
    pub(super) fn buried(&mut self, kind: JobKind) {
        let dead = &mut self.dead[kind.index()];
        *dead = dead.saturating_sub(1);
    }

    /// Waiting jobs of a tenant.
    pub(super) fn of_tenant(&self, tenant: &str) -> u64 {
        self.tenants.get(tenant).copied().unwrap_or_default()
    }

    /// Dead jobs of all kinds.
    pub(super) fn all_dead(&self) -> u64 {
        self.dead.iter().sum()
    }

    /// Waiting jobs of all kinds.
    #[cfg(test)]
    pub(super) fn all_waiting(&self) -> u64 {
        self.waiting.iter().sum()
    }
}

/// Counts an attempt.
pub(super) fn attempted(kind: JobKind, result: &'static str, duration: Duration) {
    counter!("natter_outbox_attempts_total", "kind" => kind.as_str(), "result" => result).increment(1);
    histogram!("natter_outbox_duration_seconds", "kind" => kind.as_str(), "result" => result).record(duration);
}

/// Counts a job that was dropped, since the dead are at their bound.
pub(super) fn dropped(kind: JobKind) {
    counter!("natter_outbox_dropped_total", "kind" => kind.as_str()).increment(1);
}

impl Shared {
    /// Sets the gauges.
    pub(super) fn show(&self) {
        let now_ms = self.now_ms();
        let mut oldest_ms = [now_ms; 4];
        for (kind, since_ms) in self.schedule.lock().head_times() {
            oldest_ms[kind.index()] = oldest_ms[kind.index()].min(since_ms);
        }
        let tally = self.tally.lock();
        for kind in JobKind::ALL {
            let (waiting, dead) = (tally.waiting[kind.index()] as f64, tally.dead[kind.index()] as f64);
            let oldest = (now_ms - oldest_ms[kind.index()]) as f64 / 1000.0;
            gauge!("natter_outbox_backlog", "kind" => kind.as_str()).set(waiting);
            gauge!("natter_outbox_oldest_seconds", "kind" => kind.as_str()).set(oldest);
            gauge!("natter_outbox_dead", "kind" => kind.as_str()).set(dead);
            if kind == JobKind::Webhook {
                gauge!("natter_webhook_backlog").set(waiting);
                gauge!("natter_webhook_oldest_seconds").set(oldest);
                gauge!("natter_webhook_dead").set(dead);
            }
        }
    }
}
