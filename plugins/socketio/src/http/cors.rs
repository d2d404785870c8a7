//! Which pages may talk to the endpoint, and how their browsers are told.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::answer;
use crate::options::Options;

const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");

/// What is known of the page that a request comes from.
pub(super) struct Cors {
    origin: Option<HeaderValue>,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Every page may, none with the user's cookies.
    Everyone,
    /// This one may, with them.
    Listed,
    /// No page, or one that may not.
    Unlisted,
    /// The header is no text.
    Illegal,
}

impl Cors {
    /// Looks at a request.
    pub(super) fn of(options: &Options, headers: &HeaderMap) -> Self {
        let origin = headers.get(ORIGIN).cloned();
        let verdict = match origin.as_ref().map(HeaderValue::to_str) {
            Some(Err(_)) => Verdict::Illegal,
            _ if options.allowed_origins.iter().any(|pattern| pattern == "*") => Verdict::Everyone,
            Some(Ok(origin)) => {
                let origin = origin.to_ascii_lowercase();
                let is_listed = options.allowed_origins.iter().any(|pattern| matches(pattern, &origin));
                if is_listed { Verdict::Listed } else { Verdict::Unlisted }
            }
            None => Verdict::Unlisted,
        };
        Self { origin, verdict }
    }

    /// Whether the header is text, if there is one.
    pub(super) fn is_legal(&self) -> bool {
        self.verdict != Verdict::Illegal
    }

    /// Whether a connection may begin; what names no origin is no page.
    pub(super) fn is_allowed(&self) -> bool {
        self.origin.is_none() || matches!(self.verdict, Verdict::Everyone | Verdict::Listed)
    }

    /// Tells the page's browser.
    pub(super) fn applied_to(&self, mut response: Response<Body>) -> Response<Body> {
        let headers = response.headers_mut();
        match (self.verdict, &self.origin) {
            (Verdict::Everyone, _) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            (Verdict::Listed, Some(origin)) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
                headers.append(VARY, HeaderValue::from_static("Origin"));
            }
            _ => {
                headers.append(VARY, HeaderValue::from_static("Origin"));
            }
        }
        response
    }

    /// Answers a browser that asks first.
    pub(super) fn preflight(&self, asked: &HeaderMap) -> Response<Body> {
        let mut response = self.applied_to(answer::empty(StatusCode::NO_CONTENT));
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.append(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
        if let Some(asked) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        response
    }
}

/// Whether text matches a pattern in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The earliest place leaves the most for what follows.
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers_for(patterns: &[&str], origin: Option<&'static str>) -> (bool, HeaderMap) {
        let options = Options {
            allowed_origins: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            ..Options::default()
        };
        let mut headers = HeaderMap::new();
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        let cors = Cors::of(&options, &headers);
        (cors.is_allowed(), cors.applied_to(Response::default()).headers().clone())
    }

    #[test]
    fn everyone_is_allowed_without_cookies() {
        let (is_allowed, headers) = headers_for(&["*"], Some("http://a.example"));
        assert!(is_allowed && headers[ACCESS_CONTROL_ALLOW_ORIGIN] == "*");
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[test]
    fn a_listed_origin_is_echoed_and_another_is_refused() {
        let (is_allowed, headers) = headers_for(&["https://*.example"], Some("https://A.example"));
        assert!(is_allowed && headers[ACCESS_CONTROL_ALLOW_ORIGIN] == "https://A.example");
        assert_eq!(
            (&headers[ACCESS_CONTROL_ALLOW_CREDENTIALS], &headers[VARY]),
            (&HeaderValue::from_static("true"), &HeaderValue::from_static("Origin"))
        );
        let (is_allowed, headers) = headers_for(&["https://*.example"], Some("https://a.example.org"));
        assert!(!is_allowed && !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        assert!(headers_for(&["https://*.example"], None).0, "no page");
        assert!(!headers_for(&[], Some("null")).0);
    }

    #[test]
    fn patterns_match_whole_origins() {
        assert!(matches("a*b*c", "a-b-b-c") && matches("abc", "abc") && matches("*", "") && matches("a*", "a"));
        assert!(!matches("a*b", "ab-") && !matches("abc", "abcd") && !matches("ab*ba", "aba") && !matches("", "a"));
    }
}
