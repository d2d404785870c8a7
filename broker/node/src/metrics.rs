//! Every metric of the node, with its help text and buckets. Labels come from closed sets; a tenant is a label only for
//! the first [`TENANTS_MAX`] that are seen, the others share `other`.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use natter_core::{ShardStats, TenantId};

use crate::session::CloseKind;

/// Tenants that get a label of their own.
const TENANTS_MAX: usize = 50;

const LATENCY_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const COUNT_BUCKETS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0, 1024.0];

/// Installs the process's recorder; its handle renders `/metrics`.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets(&LATENCY_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_messages".to_owned()), &COUNT_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_ratio".to_owned()), &COUNT_BUCKETS)?
        .install_recorder()?;
    describe();
    Ok(handle)
}

fn describe() {
    describe_gauge!("natter_build_info", "Always 1; version and commit are in the labels.");
    describe_gauge!("natter_node_state", "1 for the state that the node is in: starting, ready, draining or degraded.");
    describe_gauge!("natter_connections", "Open connections.");
    describe_counter!("natter_connections_opened_total", "Connections that were opened.");
    describe_counter!("natter_connections_closed_total", "Connections that ended, by reason.");
    describe_histogram!("natter_handshake_duration_seconds", "From the first byte of a request to a ready connection.");
    describe_gauge!("natter_subscriptions", "Subscriptions of open connections.");
    describe_gauge!("natter_channels", "Channels in memory, by whether anyone is subscribed.");
    describe_counter!("natter_publish_total", "Publications asked for, by result.");
    describe_histogram!("natter_publish_duration_seconds", "From a publication's arrival to its acknowledgement.");
    describe_counter!("natter_delivered_total", "Publications queued for a subscriber's socket.");
    describe_counter!("natter_delivered_bytes_total", "Bytes written to sockets.");
    describe_histogram!(
        "natter_fanout_duration_seconds",
        "From a publication's way into its shard to its last local queue (one in 100)."
    );
    describe_histogram!(
        "natter_delivery_latency_seconds",
        "From a publication's way into its shard to the socket writes (one in 100)."
    );
    describe_gauge!("natter_outbound_queue_bytes", "Bytes that wait to be written, over all connections.");
    describe_gauge!(
        "natter_outbound_queue_oldest_seconds",
        "How long the slowest connection's socket has taken nothing."
    );
    describe_histogram!("natter_writes_coalesced_ratio", "Messages for each write call, by lane and round.");
    describe_counter!("natter_slow_consumers_total", "Connections that read too slowly, by what was done about it.");
    describe_gauge!("natter_shard_queue_depth", "Requests that wait for a shard.");
    describe_counter!("natter_resume_total", "Recoveries asked for, by result.");
    describe_histogram!("natter_resume_messages", "Publications replayed in a recovery.");
    describe_histogram!("natter_store_op_duration_seconds", "Operations of the store.");
    describe_counter!("natter_store_errors_total", "Operations of the store that failed.");
    describe_counter!(
        "natter_sequence_gap_total",
        "Publications of a channel that did not follow each other, in its log or on the way to its subscribers."
    );
    describe_counter!("natter_corruption_total", "Logs of durable channels that could not be read, being damaged.");
    describe_gauge!("natter_store_queue_depth", "Appends that wait for the committer.");
    describe_histogram!(
        "natter_log_sync_duration_seconds",
        "Time for a group commit's sync; on CQL, for an append to a quorum."
    );
    describe_histogram!("natter_log_batch_messages", "Events in a group commit; on CQL, in an append.");
    describe_gauge!("natter_presence_members", "Members of all presence lists.");
    describe_counter!("natter_http_requests_total", "HTTP requests, by the route's template.");
    describe_histogram!("natter_http_request_duration_seconds", "HTTP requests, by the route's template.");
    describe_counter!("natter_auth_failures_total", "Tokens and keys that were refused.");
    describe_counter!("natter_authz_denied_total", "Requests that a known user may not make.");
    describe_counter!("natter_limited_total", "Requests and connections refused by a limit.");
    describe_counter!("natter_messages_received_total", "Messages that clients sent.");
    describe_counter!("natter_received_bytes_total", "Bytes of messages that clients sent.");
    describe_histogram!("natter_task_lag_seconds", "How late the runtime runs a task that is due.");
    describe_gauge!("natter_metric_series", "Series on this page.");
    describe_gauge!("natter_outbox_backlog", "Jobs that wait in the outbox, by kind.");
    describe_gauge!("natter_outbox_oldest_seconds", "Age of the oldest job in the outbox that is in memory, by kind.");
    describe_gauge!("natter_outbox_dead", "Jobs that were given up and are kept, by kind.");
    describe_counter!("natter_outbox_attempts_total", "Attempts to do a job of the outbox, by kind and result.");
    describe_histogram!("natter_outbox_duration_seconds", "Attempts to do a job of the outbox, by kind and result.");
    describe_counter!(
        "natter_outbox_dropped_total",
        "Jobs that were given up and not kept, since the dead are at their bound."
    );
    describe_counter!("natter_webhook_attempts_total", "Attempts to deliver a webhook, by result.");
    describe_histogram!("natter_webhook_duration_seconds", "Attempts to deliver a webhook, by result.");
    describe_gauge!("natter_webhook_backlog", "Webhooks that wait.");
    describe_gauge!("natter_webhook_oldest_seconds", "Age of the oldest webhook that waits and is in memory.");
    describe_gauge!("natter_webhook_dead", "Webhooks that were given up and are kept.");
    describe_counter!("natter_push_attempts_total", "Notifications handed to a provider, by provider and result.");
    describe_counter!("natter_mail_attempts_total", "Attempts to send a mail, by result.");
    describe_counter!("natter_config_reload_total", "Reloads of the configuration, by result.");
    describe_gauge!("natter_config_last_reload_success", "1 when the last reload of the configuration worked.");
    describe_gauge!("natter_drain_remaining_connections", "Connections that a draining node still has.");
}

/// Handles that are used too often to be looked up by name.
pub struct Metrics {
    messages_received: Counter,
    bytes_received: Counter,
    bytes_delivered: Counter,
    fanout: Histogram,
    latency: Histogram,
    coalesced: Histogram,
    slow_closed: Counter,
    delivered: DashMap<TenantId, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        // Alerts ask by how much these have grown, so they are there from the beginning.
        for place in ["log", "session"] {
            counter!("natter_sequence_gap_total", "where" => place).increment(0);
        }
        counter!("natter_corruption_total", "kind" => "log").increment(0);
        Self {
            messages_received: counter!("natter_messages_received_total"),
            bytes_received: counter!("natter_received_bytes_total"),
            bytes_delivered: counter!("natter_delivered_bytes_total", "transport" => "ws"),
            fanout: histogram!("natter_fanout_duration_seconds", "transport" => "ws"),
            latency: histogram!("natter_delivery_latency_seconds", "transport" => "ws"),
            coalesced: histogram!("natter_writes_coalesced_ratio", "transport" => "ws"),
            slow_closed: counter!("natter_slow_consumers_total", "transport" => "ws", "action" => "closed"),
            delivered: DashMap::new(),
        }
    }
}

impl Metrics {
    pub(crate) fn message_received(&self, bytes: usize) {
        self.messages_received.increment(1);
        self.bytes_received.increment(bytes as u64);
    }

    /// The counter of what a tenant's subscribers are sent.
    pub(crate) fn delivered(&self, tenant: &TenantId) -> Counter {
        if let Some(counter) = self.delivered.get(tenant) {
            return counter.clone();
        }
        let label = if self.delivered.len() < TENANTS_MAX { tenant.as_str() } else { "other" };
        let counter = counter!("natter_delivered_total", "transport" => "ws", "tenant" => label.to_owned());
        if label != "other" {
            self.delivered.insert(tenant.clone(), counter.clone());
        }
        counter
    }

    pub(crate) fn fanned_out(&self, duration: Duration) {
        self.fanout.record(duration);
    }

    pub(crate) fn delivery_latency(&self, duration: Duration) {
        self.latency.record(duration);
    }

    pub(crate) fn round_written(&self, messages: u64, writes: u64, bytes: u64) {
        self.bytes_delivered.increment(bytes);
        if writes > 0 && messages > 0 {
            self.coalesced.record(messages as f64 / writes as f64);
        }
    }

    /// A WebSocket has been handed to its lane, so long after its request came in.
    pub(crate) fn shook_hands(&self, duration: Duration) {
        histogram!("natter_handshake_duration_seconds", "transport" => "ws", "result" => "ok").record(duration);
    }

    /// An operation of the store failed.
    pub(crate) fn store_failed(&self, store: &'static str, operation: &'static str) {
        counter!("natter_store_errors_total", "store" => store, "op" => operation).increment(1);
    }

    /// A log of a channel is damaged.
    pub(crate) fn log_corrupt(&self) {
        counter!("natter_corruption_total", "kind" => "log").increment(1);
    }

    /// Numbers of a channel do not follow each other, in its `log` or on the way to its subscribers (`session`).
    pub(crate) fn sequence_gap(&self, place: &'static str) {
        counter!("natter_sequence_gap_total", "where" => place).increment(1);
    }

    pub(crate) fn slow_consumer_closed(&self) {
        self.slow_closed.increment(1);
    }

    pub(crate) fn shard(&self, index: usize, stats: ShardStats, depth: usize) {
        let shard = index.to_string();
        gauge!("natter_shard_queue_depth", "shard" => shard.clone()).set(depth as f64);
        gauge!("natter_channels", "state" => "active", "shard" => shard.clone()).set(stats.channels_active as f64);
        gauge!("natter_channels", "state" => "idle", "shard" => shard.clone()).set(stats.channels_idle as f64);
        gauge!("natter_presence_members", "shard" => shard).set(stats.presence_members as f64);
    }

    pub(crate) fn lane(&self, index: u8, stats: LaneStats) {
        let lane = index.to_string();
        gauge!("natter_subscriptions", "plugin" => "centrifugo", "lane" => lane.clone())
            .set(stats.subscriptions as f64);
        gauge!("natter_outbound_queue_bytes", "transport" => "ws", "lane" => lane.clone())
            .set(stats.queued_bytes as f64);
        gauge!("natter_outbound_queue_oldest_seconds", "transport" => "ws", "lane" => lane)
            .set(stats.oldest_blocked_ms as f64 / 1000.0);
    }
}

/// What a lane holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LaneStats {
    pub(crate) subscriptions: usize,
    pub(crate) queued_bytes: usize,
    pub(crate) oldest_blocked_ms: i64,
}

/// The gauges and counters of one kind of connection.
#[derive(Debug)]
pub struct ConnectionMetrics {
    transport: &'static str,
    plugin: &'static str,
    open: Gauge,
    opened: Counter,
}

impl ConnectionMetrics {
    /// For the connections of a plugin over a transport, named as in the labels.
    pub fn new(transport: &'static str, plugin: &'static str) -> Arc<Self> {
        Arc::new(Self {
            transport,
            plugin,
            open: gauge!("natter_connections", "transport" => transport, "plugin" => plugin),
            opened: counter!("natter_connections_opened_total", "transport" => transport, "plugin" => plugin),
        })
    }

    /// Counts a connection in, for as long as the guard lives.
    pub fn connect(self: &Arc<Self>) -> ConnectionGauge {
        self.open.increment(1.0);
        self.opened.increment(1);
        ConnectionGauge { metrics: Arc::clone(self), kind: Cell::new(None) }
    }
}

/// One open connection in the gauges.
#[derive(Debug)]
pub struct ConnectionGauge {
    metrics: Arc<ConnectionMetrics>,
    kind: Cell<Option<CloseKind>>,
}

impl ConnectionGauge {
    pub(crate) fn closed(&self, kind: CloseKind) {
        if self.kind.get().is_none() {
            self.kind.set(Some(kind));
        }
    }
}

impl Drop for ConnectionGauge {
    fn drop(&mut self) {
        let reason = self.kind.get().unwrap_or(CloseKind::Error).label();
        let ConnectionMetrics { transport, plugin, open, .. } = &*self.metrics;
        open.decrement(1.0);
        counter!("natter_connections_closed_total", "transport" => *transport, "plugin" => *plugin, "reason" => reason)
            .increment(1);
    }
}
