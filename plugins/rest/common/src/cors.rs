//! Cross-origin rules for browsers (the Fetch standard, "CORS protocol"), from `server.allowed_origins`.
//!
//! A `*` among the origins is answered as `*`, which browsers never combine with cookies. An origin that only a pattern
//! allows is named, still without cookies; one that is written out in full may send them.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// Headers that a page may send if it does not say which it wants.
const HEADERS: HeaderValue = HeaderValue::from_static("Authorization, Content-Type, Idempotency-Key, X-API-Key");
/// Headers of answers that a page may read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Content-Disposition, Content-Range, Deprecation, ETag, Idempotency-Replayed, Link, Location, Retry-After, \
     X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id",
);
/// How long a browser may remember the answer to a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// Longest list of headers that a preflight may ask for, in bytes.
const REQUESTED_HEADERS_BYTES_MAX: usize = 1024;

/// Which origins may read answers.
#[derive(Debug, Default)]
pub(crate) struct Cors {
    any: bool,
    /// In lower case; `*` stands for any text.
    patterns: Vec<String>,
}

/// What an origin may do.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Grant {
    Any,
    Named { origin: HeaderValue, credentials: bool },
    None,
}

impl Cors {
    pub(crate) fn new(allowed_origins: &[String]) -> Self {
        Self {
            any: allowed_origins.iter().any(|origin| origin == "*"),
            patterns: allowed_origins.iter().map(|origin| origin.to_ascii_lowercase()).collect(),
        }
    }

    /// The answer to a preflight; `None` for any other request.
    pub(crate) fn preflight(&self, request: &Parts) -> Option<Response<Body>> {
        let is_preflight =
            request.method == Method::OPTIONS && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight || !request.headers.contains_key(ORIGIN) {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let requested = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS);
        let requested = requested.filter(|value| value.len() <= REQUESTED_HEADERS_BYTES_MAX).cloned();
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("Origin, Access-Control-Request-Headers"));
        if self.grant(request.headers.get(ORIGIN)).write(headers) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested.unwrap_or(HEADERS));
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        }
        Some(response)
    }

    /// Adds what a browser needs to hand an answer to its page.
    pub(crate) fn write(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if !self.any {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        if self.grant(origin).write(headers) {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }

    fn grant(&self, origin: Option<&HeaderValue>) -> Grant {
        let Some(origin) = origin else { return Grant::None };
        let Ok(text) = origin.to_str().map(str::to_ascii_lowercase) else { return Grant::None };
        // "null" is every sandboxed page and local file: it is never somebody in particular.
        let credentials = text != "null" && !text.contains('*') && self.patterns.contains(&text);
        let named = || Grant::Named { origin: origin.clone(), credentials };
        match () {
            () if credentials => named(),
            () if self.any => Grant::Any,
            () if self.patterns.iter().any(|pattern| matches_pattern(pattern, &text)) => named(),
            () => Grant::None,
        }
    }
}

impl Grant {
    /// Whether there is one.
    fn write(self, headers: &mut HeaderMap) -> bool {
        match self {
            Self::None => return false,
            Self::Any => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            Self::Named { origin, credentials } => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                if credentials {
                    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
                }
            }
        }
        true
    }
}

/// Whether a text is of a pattern in which `*` stands for any text. Linear in both.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some(at) = rest.find(middle) else { return false };
            rest = &rest[at + middle.len()..];
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests;
