//! Labels of the HTTP metrics: closed sets, whatever a client sends.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{counter, histogram};

/// The route of requests that no template matches.
pub(crate) const UNMATCHED: &str = "unmatched";

/// Counts an answer under its route's template.
pub(crate) fn http_request(
    plugin: &'static str,
    route: String,
    method: &'static str,
    status: StatusCode,
    duration: Duration,
) {
    let code = status.as_u16().to_string();
    let labels = [("plugin", plugin.to_owned()), ("route", route), ("method", method.to_owned()), ("code", code)];
    counter!("natter_http_requests_total", &labels).increment(1);
    histogram!("natter_http_request_duration_seconds", &labels).record(duration);
}

/// A method's label; the odd ones share one, since a client could make up any number of them.
pub(crate) fn method(method: &Method) -> &'static str {
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
