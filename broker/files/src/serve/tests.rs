//! What a browser gets.

use axum::body::to_bytes;
use axum::http::Request;
use natter_store::Store;
use tower::ServiceExt;

use super::*;
use crate::testing::Bench;

const DIGITS: &[u8] = b"0123456789";

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(bench: &Bench, method: &str, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = routes(bench.files.clone()).oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

async fn get_file(bench: &Bench, file: &StoredFile, headers: &[(HeaderName, &str)]) -> Answer {
    ask(bench, "GET", &format!("/files/{}/{}", file.id, "whatever"), headers).await
}

fn is_protected(answer: &Answer) -> bool {
    let policy = answer.header(CONTENT_SECURITY_POLICY);
    answer.header(X_CONTENT_TYPE_OPTIONS) == "nosniff" && policy.contains("sandbox") && !policy.contains("script-src")
}

#[tokio::test]
async fn a_whole_file_is_served_as_what_it_is() {
    let bench = Bench::new();
    let file = bench.keep("pixel.gif", b"GIF89a\x01\0\x01\0").await;
    let answer = get_file(&bench, &file, &[]).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"GIF89a\x01\0\x01\0"[..]));
    assert_eq!(answer.header(CONTENT_TYPE), "image/gif");
    assert_eq!(answer.header(CONTENT_LENGTH), "10");
    assert_eq!(answer.header(ACCEPT_RANGES), "bytes");
    assert!(answer.header(CONTENT_DISPOSITION).starts_with("inline; filename=\"pixel.gif\""));
    assert!(answer.header(CACHE_CONTROL).contains("immutable"));
    assert!(is_protected(&answer));
}

#[tokio::test]
async fn what_could_run_script_is_a_download() {
    let bench = Bench::new();
    for (name, content, served) in [
        ("a.png", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>", "image/svg+xml"),
        ("a.png", "<!doctype html><script>alert(1)</script>", "text/plain; charset=utf-8"),
        ("a.pdf", "<?xml version=\"1.0\"?><x/>", "text/plain; charset=utf-8"),
        ("a.html", "just text", "text/plain; charset=utf-8"),
        ("a.png", "\u{0}\u{1}", "application/octet-stream"),
    ] {
        let file = bench.keep(name, content.as_bytes()).await;
        let answer = get_file(&bench, &file, &[]).await;
        assert_eq!(answer.header(CONTENT_TYPE), served, "{content}");
        assert!(answer.header(CONTENT_DISPOSITION).starts_with("attachment;"), "{content}");
        assert!(is_protected(&answer), "{content}");
    }
}

#[tokio::test]
async fn a_hostile_name_stays_in_its_header() {
    let bench = Bench::new();
    let file = bench.keep("x\"\r\nSet-Cookie: a=b; \u{202e}gpj.exe", b"hello").await;
    let answer = get_file(&bench, &file, &[]).await;
    let expected = "attachment; filename=\"x_Set-Cookie: a=b; gpj.exe\"; \
                    filename*=UTF-8''x%22Set-Cookie%3A%20a%3Db%3B%20gpj.exe";
    assert_eq!(answer.header(CONTENT_DISPOSITION), expected);
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_part_is_served_with_its_place() {
    let bench = Bench::new();
    let file = bench.keep("digits.txt", DIGITS).await;
    for (range, body, place) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=8-", "89", "bytes 8-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=0-99", "0123456789", "bytes 0-9/10"),
    ] {
        let answer = get_file(&bench, &file, &[(RANGE, range)]).await;
        assert_eq!((answer.status, answer.body.as_slice()), (206, body.as_bytes()), "{range}");
        assert_eq!(answer.header(CONTENT_RANGE), place);
        assert_eq!(answer.header(CONTENT_LENGTH), body.len().to_string());
        assert!(is_protected(&answer));
    }
    for range in ["bytes=10-", "bytes=-0"] {
        let answer = get_file(&bench, &file, &[(RANGE, range)]).await;
        assert_eq!((answer.status, answer.header(CONTENT_RANGE)), (416, "bytes */10"), "{range}");
        assert!(answer.body.is_empty());
    }
    for range in ["bytes=0-1,4-5", "lines=1-2", "bytes=5-2"] {
        assert_eq!(get_file(&bench, &file, &[(RANGE, range)]).await.status, 200, "{range}");
    }
}

#[tokio::test]
async fn a_file_without_bytes_is_served() {
    let bench = Bench::new();
    let file = bench.keep("empty", b"").await;
    let answer = get_file(&bench, &file, &[]).await;
    assert_eq!((answer.status, answer.header(CONTENT_LENGTH)), (200, "0"));
    assert_eq!(get_file(&bench, &file, &[(RANGE, "bytes=0-")]).await.status, 416);
}

#[tokio::test]
async fn conditions_are_kept() {
    let bench = Bench::new();
    let file = bench.keep("digits.txt", DIGITS).await;
    let etag = format!("\"{}\"", file.id);
    assert_eq!(get_file(&bench, &file, &[]).await.header(ETAG), etag);
    for (tags, status) in [
        (etag.as_str(), 304),
        (&format!("W/{etag}"), 304),
        (&format!("\"x\", {etag}"), 304),
        ("*", 304),
        ("\"x\"", 200),
    ] {
        let answer = get_file(&bench, &file, &[(IF_NONE_MATCH, tags)]).await;
        assert_eq!((answer.status, answer.body.is_empty()), (status, status == 304), "{tags}");
    }
    for (condition, status) in [(etag.as_str(), 206), ("\"x\"", 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)] {
        let answer = get_file(&bench, &file, &[(RANGE, "bytes=0-1"), (IF_RANGE, condition)]).await;
        assert_eq!(answer.status, status, "{condition}");
    }
}

#[tokio::test]
async fn a_head_has_no_body() {
    let bench = Bench::new();
    let file = bench.keep("digits.txt", DIGITS).await;
    let answer = ask(&bench, "HEAD", &format!("/files/{}/x", file.id), &[]).await;
    assert_eq!((answer.status, answer.header(CONTENT_LENGTH), answer.body.len()), (200, "10", 0));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let bench = Bench::new();
    let file = bench.keep("x", DIGITS).await;
    for path in [
        "/files",
        "/files/",
        "/files/x/y",
        "/files/00000000000000000000000000000000/x",
        "/files/..%2f..%2fetc/passwd",
        &format!("/files/{}", file.id),
        &format!("/files/{}/a/b", file.id),
        &format!("/files/{}/x", file.id.to_string().to_uppercase().replace(|digit: char| digit.is_ascii_digit(), "A")),
    ] {
        let answer = ask(&bench, "GET", path, &[]).await;
        assert_eq!((answer.status, answer.body.as_slice()), (404, &br#"{"error":"not found"}"#[..]), "{path}");
    }
    let answer = ask(&bench, "DELETE", &format!("/files/{}/x", file.id), &[]).await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn a_store_that_is_away_is_said_to_be() {
    let bench = Bench::new();
    let file = bench.keep("x", DIGITS).await;
    bench.rows.close().await;
    let answer = get_file(&bench, &file, &[]).await;
    assert_eq!((answer.status, answer.header(RETRY_AFTER)), (503, "1"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("closed"));
}
