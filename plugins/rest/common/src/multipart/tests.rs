//! Forms with files: what is taken, and that nothing stays of what is not.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Request as HttpRequest;
use bytes::Bytes;
use futures_util::stream;
use natter_core::TenantId;
use serde::Deserialize;

use super::*;
use crate::rejection::Rejection;
use crate::testing::Bench;

const RULES: UploadRules<'_> =
    UploadRules { file_fields: &["files"], files_max: 2, file_bytes_max: 1_000_000, texts_max: 2, text_bytes_max: 20 };

/// One part of a form: name, file name, content.
type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut form = Vec::new();
    for (name, file_name, content) in parts {
        let file_name = file_name.map_or(String::new(), |name| format!("; filename=\"{name}\""));
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n");
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(content);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--b--\r\n");
    form
}

fn request(body: Body) -> Request {
    HttpRequest::post("/").header("content-type", "multipart/form-data; boundary=b").body(body).unwrap()
}

/// Sends a form in pieces of a size.
fn in_pieces(form: &[u8], size: usize) -> Body {
    let pieces: Vec<_> = form.chunks(size).map(Bytes::copy_from_slice).map(Ok::<_, std::io::Error>).collect();
    Body::from_stream(stream::iter(pieces))
}

async fn read(bench: &Bench, body: Body) -> Result<Upload, Rejection> {
    Upload::read(request(body), bench.rest.files(), &TenantId::new("demo"), &RULES).await
}

async fn wait_for_objects(bench: &Bench, expected: usize) {
    for _ in 0..1_000 {
        if bench.objects() == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(bench.objects(), expected);
}

#[derive(Debug, PartialEq, Deserialize)]
struct Message {
    text: String,
    number: u8,
}

#[tokio::test]
async fn texts_and_files_are_taken_whatever_the_pieces() {
    let bench = Bench::new();
    let big = vec![7; 600_000];
    let form = form(&[
        ("text", None, "größe & mehr".as_bytes()),
        ("files", Some("../a.txt"), b"hello"),
        ("number", None, b"7"),
        ("files[]", Some("b"), &big),
    ]);
    for (index, size) in [form.len(), 1 << 16, 4_099, 7].into_iter().enumerate() {
        let upload = read(&bench, in_pieces(&form, size)).await.unwrap();
        assert_eq!(upload.decode::<Message>(), Ok(Message { text: "größe & mehr".to_owned(), number: 7 }));
        assert_eq!((upload.text("number"), upload.text("files")), (Some("7"), None));
        let files: Vec<_> = upload.files().map(|file| (file.name.clone(), file.size)).collect();
        assert_eq!(files, [("a.txt".to_owned(), 5), ("b".to_owned(), 600_000)]);
        assert_eq!(upload.keep().len(), 2);
        assert_eq!(bench.objects(), 2 * (index + 1));
    }
}

#[tokio::test]
async fn what_is_not_kept_goes() {
    let bench = Bench::new();
    let upload = read(&bench, Body::from(form(&[("files", Some("a"), b"hello")]))).await.unwrap();
    assert_eq!(bench.objects(), 1);
    drop(upload);
    wait_for_objects(&bench, 0).await;
}

#[tokio::test]
async fn what_breaks_a_rule_leaves_nothing() {
    let bench = Bench::new();
    let file = ("files", Some("a"), &b"hello"[..]);
    let big = vec![7; 1_000_001];
    let cases: [(&[Part<'_>], Rejection); 8] = [
        (&[file, file, file], Rejection::TooLarge { limit: 2, what: "files" }),
        (&[file, ("files", Some("b"), &big)], Rejection::TooLarge { limit: 1_000_000, what: "bytes of a file" }),
        (&[file, ("photo", Some("a"), b"x")], Rejection::invalid("photo", "cannot be a file")),
        (&[file, ("text", None, &[b'x'; 21])], Rejection::TooLarge { limit: 20, what: "bytes of a text field" }),
        (&[file, ("text", None, b"\xff")], Rejection::invalid("text", "is not UTF-8")),
        (
            &[file, ("a", None, b""), ("b", None, b""), ("c", None, b"")],
            Rejection::TooLarge { limit: 2, what: "fields" },
        ),
        (&[file, ("files", Some(""), b"x")], Rejection::invalid("files", "is a file without a name")),
        (&[file, file, ("x", Some("x"), b"")], Rejection::invalid("x", "cannot be a file")),
    ];
    for (parts, expected) in cases {
        let refused = read(&bench, Body::from(form(parts))).await.err();
        assert_eq!(refused, Some(expected));
        wait_for_objects(&bench, 0).await;
    }
}

#[tokio::test]
async fn an_empty_file_field_is_no_file() {
    let bench = Bench::new();
    let upload = read(&bench, Body::from(form(&[("files", Some(""), b""), ("text", None, b"x")]))).await.unwrap();
    assert_eq!((upload.files().count(), upload.text("text")), (0, Some("x")));
}

#[tokio::test]
async fn a_form_that_ends_early_leaves_nothing() {
    let bench = Bench::new();
    let whole = form(&[("files", Some("a"), &[7; 500_000]), ("text", None, b"x")]);
    for length in [10, 50, 300_000, whole.len() - 20, whole.len() - 6] {
        let refused = read(&bench, in_pieces(&whole[..length], 1 << 16)).await.err();
        assert_eq!(refused, Some(Rejection::InvalidBody("it ended early".to_owned())), "{length}");
        wait_for_objects(&bench, 0).await;
    }
    let broken = stream::iter([Ok(Bytes::copy_from_slice(&whole[..400_000])), Err(std::io::Error::other("reset"))]);
    assert!(matches!(read(&bench, Body::from_stream(broken)).await.err(), Some(Rejection::InvalidBody(_))));
    wait_for_objects(&bench, 0).await;
}

#[tokio::test]
async fn a_client_that_goes_leaves_nothing() {
    let bench = Bench::new();
    let start = form(&[("files", Some("a"), &[7; 700_000])])[..690_000].to_vec();
    let stalled = stream::iter([Ok::<_, std::io::Error>(Bytes::from(start))]);
    let body = Body::from_stream(futures_util::StreamExt::chain(stalled, stream::pending()));
    let rest = Arc::clone(&bench.rest);
    let reading = tokio::spawn(async move {
        Upload::read(request(body), rest.files(), &TenantId::new("demo"), &RULES).await.map(drop)
    });
    wait_for_objects(&bench, 1).await;
    reading.abort();
    assert!(reading.await.is_err());
    wait_for_objects(&bench, 0).await;
}

#[tokio::test]
async fn a_head_without_end_is_refused_early() {
    let bench = Bench::new();
    for start in ["", "--b\r\nContent-Disposition: form-data; name=\""] {
        let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let endless = stream::repeat_with(move || {
            counted.fetch_add(1024, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1024]))
        });
        let start = stream::iter([Ok(Bytes::from_static(start.as_bytes()))]);
        let body = Body::from_stream(futures_util::StreamExt::chain(start, endless));
        assert!(matches!(read(&bench, body).await.err(), Some(Rejection::InvalidBody(_))));
        assert!(sent.load(std::sync::atomic::Ordering::Relaxed) < 200 * 1024, "{sent:?}");
    }
}

#[tokio::test]
async fn what_is_announced_beyond_all_limits_is_refused_unread() {
    let bench = Bench::new();
    let mut request = request(Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()));
    request.headers_mut().insert("content-length", "3000000".parse().unwrap());
    let refused = Upload::read(request, bench.rest.files(), &TenantId::new("demo"), &RULES).await.err();
    assert!(matches!(refused, Some(Rejection::TooLarge { what: "bytes of the body", .. })));
}

#[tokio::test]
async fn other_types_are_no_form() {
    let bench = Bench::new();
    for content_type in ["application/json", "multipart/form-data", "multipart/mixed; boundary=b", ""] {
        let request = HttpRequest::post("/").header("content-type", content_type).body(Body::from("x")).unwrap();
        let refused = Upload::read(request, bench.rest.files(), &TenantId::new("demo"), &RULES).await.err();
        assert_eq!(refused, Some(Rejection::UnsupportedMediaType { expected: "multipart/form-data" }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_given_up() {
    let bench = Bench::new();
    let start = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"--b\r\n"))]);
    let body = Body::from_stream(futures_util::StreamExt::chain(start, stream::pending()));
    assert_eq!(read(&bench, body).await.err(), Some(Rejection::BodyTimeout));
}
