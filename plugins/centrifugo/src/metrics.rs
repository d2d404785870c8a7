//! What the plugin counts. Labels come from closed sets; help texts of shared metrics are with the node's.

use std::sync::LazyLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, describe_counter, histogram};
use natter_core::Recovery;
use natter_node::auth::TokenError;
use natter_protocol::centrifuge::codes::ClientError;

pub(crate) use self::shared_poll::*;

mod shared_poll;

const PLUGIN: &str = "centrifugo";

/// Tells the recorder what the plugin's own metrics mean.
pub(crate) fn describe() {
    describe_counter!(
        "natter_reply_errors_total",
        "Commands of clients that were answered with an error, by its code."
    );
    describe_counter!("natter_proxy_calls_total", "Questions to tenants' backends, by event and result.");
    shared_poll::describe();
}

/// Counts a publication by `ok`, `duplicate`, `denied`, `limited`, `invalid` or `store_error`.
pub(crate) fn publish_result(result: &'static str) {
    // The usual result is counted for every message, too often to look its counter up by name.
    static OK: LazyLock<Counter> =
        LazyLock::new(|| counter!("natter_publish_total", "plugin" => PLUGIN, "result" => "ok"));
    match result {
        "ok" => OK.increment(1),
        _ => counter!("natter_publish_total", "plugin" => PLUGIN, "result" => result).increment(1),
    }
}

/// Counts a publication of a client that was refused before anybody else saw it.
pub(crate) fn publish_refused(error: ClientError) {
    publish_result(if error == ClientError::TOO_MANY_REQUESTS { "limited" } else { "denied" });
}

/// Records how long a publication took, from its arrival to its acknowledgement.
pub(crate) fn publish_duration(duration: Duration, is_durable: bool) {
    static DURABLE: LazyLock<Histogram> = LazyLock::new(|| publish_histogram("durable"));
    static MEMORY: LazyLock<Histogram> = LazyLock::new(|| publish_histogram("memory"));
    let histogram = if is_durable { &DURABLE } else { &MEMORY };
    histogram.record(duration);
}

fn publish_histogram(durability: &'static str) -> Histogram {
    histogram!("natter_publish_duration_seconds", "plugin" => PLUGIN, "durability" => durability)
}

/// Counts a token or a key that was refused.
pub(crate) fn auth_failure(reason: &'static str) {
    counter!("natter_auth_failures_total", "plugin" => PLUGIN, "reason" => reason).increment(1);
}

/// Counts a client's command that was answered with an error.
pub(crate) fn reply_error(code: u32) {
    counter!("natter_reply_errors_total", "plugin" => PLUGIN, "code" => code.to_string()).increment(1);
}

/// Counts a question to a backend.
pub(crate) fn proxy_call(event: &'static str, result: &'static str) {
    counter!("natter_proxy_calls_total", "plugin" => PLUGIN, "event" => event, "result" => result).increment(1);
}

/// Records an HTTP request by its route's template.
pub(crate) fn http_request(route: String, method: &'static str, status: StatusCode, duration: Duration) {
    let code = status.as_u16().to_string();
    let labels = [("plugin", PLUGIN.to_owned()), ("route", route), ("method", method.to_owned()), ("code", code)];
    counter!("natter_http_requests_total", &labels).increment(1);
    histogram!("natter_http_request_duration_seconds", &labels).record(duration);
}

/// Counts a connection or subscription token that was refused.
pub(crate) fn token_failure(error: TokenError) {
    auth_failure(match error {
        TokenError::Expired => "expired",
        TokenError::Invalid(reason) => reason.label(),
        TokenError::KeysUnavailable => "keys_unavailable",
    });
}

/// Counts what a known user asked for and may not have.
pub(crate) fn authz_denied(reason: &'static str) {
    counter!("natter_authz_denied_total", "plugin" => "centrifugo", "reason" => reason).increment(1);
}

/// Counts a recovery, if the subscription that began asked for one.
pub(crate) fn resumed(recovery: Option<&Recovery>) {
    let Some(recovery) = recovery else { return };
    let result = if recovery.recovered { "full" } else { "too_old" };
    counter!("natter_resume_total", "plugin" => "centrifugo", "result" => result).increment(1);
    histogram!("natter_resume_messages", "plugin" => "centrifugo").record(recovery.publications.len() as f64);
}

/// A method's label; the odd ones share one, since a client could make up any number of them.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
