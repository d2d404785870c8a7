//! Which headers a backend is sent: those of the client that the proxy lets through, and the proxy's own.

use std::collections::BTreeMap;

use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use natter_node::config::Proxy;

/// Headers that describe the client's own HTTP message, never passed on whatever the configuration says.
const NEVER_PASSED: [HeaderName; 8] =
    [CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// A proxy's allow-lists and static headers, parsed once.
#[derive(Debug)]
pub(super) struct HeaderRules {
    real: Vec<HeaderName>,
    emulated: Vec<HeaderName>,
    fixed: HeaderMap,
}

impl HeaderRules {
    /// Takes the lists over; a name that no header can have matches nothing.
    pub(super) fn new(proxy: &Proxy) -> Self {
        let fixed = proxy.http.static_headers.iter().filter_map(|(name, value)| header(name, value));
        Self { real: names(&proxy.http_headers), emulated: names(&proxy.emulated_headers), fixed: fixed.collect() }
    }

    /// The headers of one call. Later ones win: emulated, real, static, and the content's type.
    pub(super) fn select(&self, real: Option<&HeaderMap>, emulated: &BTreeMap<String, String>) -> HeaderMap {
        let mut headers: HeaderMap = emulated
            .iter()
            .filter_map(|(name, value)| header(name, value))
            .filter(|(name, _)| self.emulated.contains(name))
            .collect();
        for name in &self.real {
            let mut values = real.into_iter().flat_map(|real| real.get_all(name));
            if let Some(first) = values.next() {
                headers.insert(name.clone(), first.clone());
                values.for_each(|value| _ = headers.append(name.clone(), value.clone()));
            }
        }
        for (name, value) in &self.fixed {
            headers.insert(name.clone(), value.clone());
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
    }
}

fn names(list: &[String]) -> Vec<HeaderName> {
    let parsed = list.iter().filter_map(|name| HeaderName::try_from(name).ok());
    parsed.filter(|name| !NEVER_PASSED.contains(name)).collect()
}

fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
}
