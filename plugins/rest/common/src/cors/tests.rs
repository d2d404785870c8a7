//! Which page may read what.

use axum::http::Request;

use super::*;

fn cors(origins: &[&str]) -> Cors {
    Cors::new(&origins.iter().map(|origin| (*origin).to_owned()).collect::<Vec<_>>())
}

/// Allowed origin and credentials of an answer.
fn answer(cors: &Cors, origin: &str) -> (String, bool) {
    let mut headers = HeaderMap::new();
    cors.write(Some(&HeaderValue::try_from(origin).unwrap()), &mut headers);
    let allowed = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).map_or("", |value| value.to_str().unwrap());
    (allowed.to_owned(), headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS))
}

#[test]
fn anyone_may_read_without_cookies() {
    for origin in ["https://evil.example", "null"] {
        assert_eq!(answer(&cors(&["*"]), origin), ("*".to_owned(), false));
    }
}

#[test]
fn only_an_origin_written_out_may_send_cookies() {
    let cors = cors(&["https://App.example", "https://*.example.org"]);
    for (origin, allowed, credentials) in [
        ("https://app.example", true, true),
        ("https://a.example.org", true, false),
        ("https://a.b.example.org", true, false),
        ("https://example.org", false, false),
        ("https://a.example.org.evil.example", false, false),
        ("http://app.example", false, false),
        ("https://app.example.evil.example", false, false),
        ("null", false, false),
    ] {
        let expected = if allowed { origin } else { "" };
        assert_eq!(answer(&cors, origin), (expected.to_owned(), credentials), "{origin}");
    }
}

#[test]
fn a_cache_is_told_that_the_origin_matters() {
    let mut headers = HeaderMap::new();
    cors(&["https://app.example"]).write(None, &mut headers);
    assert_eq!(headers[VARY], "Origin");
    assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
}

fn preflight(cors: &Cors, origin: &str, wanted: &str) -> Option<Response<Body>> {
    let request = Request::options("/x").header(ORIGIN, origin).header(ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let (parts, ()) = request.header(ACCESS_CONTROL_REQUEST_HEADERS, wanted).body(()).unwrap().into_parts();
    cors.preflight(&parts)
}

#[test]
fn a_preflight_gets_the_headers_that_it_asks_for() {
    let cors = cors(&["https://app.example"]);
    let granted = preflight(&cors, "https://app.example", "x-api-key, authorization").unwrap();
    assert_eq!(granted.status(), StatusCode::NO_CONTENT);
    assert_eq!(granted.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "x-api-key, authorization");
    let long = preflight(&cors, "https://app.example", &"x".repeat(2_000)).unwrap();
    assert_eq!(long.headers()[ACCESS_CONTROL_ALLOW_HEADERS], HEADERS);
    let refused = preflight(&cors, "https://evil.example", "x-api-key").unwrap();
    assert!(!refused.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    assert!(!refused.headers().contains_key(ACCESS_CONTROL_ALLOW_METHODS));
}

#[test]
fn other_requests_are_no_preflight() {
    let (parts, ()) = Request::options("/x").header(ORIGIN, "https://a.example").body(()).unwrap().into_parts();
    assert!(cors(&["*"]).preflight(&parts).is_none());
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("a*", "a", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c", false),
        ("*a", "ba", true),
        ("ab*ba", "aba", false),
        ("a", "ab", false),
        ("a**b", "ab", true),
    ] {
        assert_eq!(matches_pattern(pattern, text), expected, "{pattern} {text}");
    }
    assert!(!matches_pattern(&"*a".repeat(2_000), &"b".repeat(20_000)));
}
