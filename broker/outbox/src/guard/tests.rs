//! What the guard lets through.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::routing::get;
use parking_lot::Mutex;
use tokio::net::TcpListener;

use super::resolve::GuardedResolver;
use super::*;

/// Answers from a list, one entry for each question; the last one for all that follow.
struct Answers(Mutex<VecDeque<Vec<IpAddr>>>);

impl Answers {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }
}

#[async_trait]
impl Lookup for Answers {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let mut answers = self.0.lock();
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        next.filter(|addresses| !addresses.is_empty()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

const LIMITS: FetchLimits = FetchLimits { time_max: Duration::from_secs(5), redirects_max: 3, body_bytes_max: 1024 };

fn client(allow: &[&str], answers: &[&[&str]]) -> GuardedClient {
    let allow_hosts = allow.iter().map(|host| (*host).to_owned()).collect();
    let options = GuardedClientOptions { allow_hosts, ..GuardedClientOptions::default() };
    GuardedClient::with_lookup(&options, Answers::new(answers)).unwrap()
}

/// A server on the loopback, with a count of the requests it got.
async fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let redirect = |target: String| async move { (StatusCode::FOUND, [(LOCATION, target)]) };
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/large", get(|| async { "x".repeat(5000) }))
        .route("/slow", get(|| async { std::future::pending::<()>().await }))
        .route("/back", get(move || redirect("/".to_owned())))
        .route("/around", get(move || redirect("/around".to_owned())))
        .route("/inside", get(move || redirect(format!("http://inside.test:{}/", address.port()))))
        .route("/file", get(move || redirect("file:///etc/passwd".to_owned())))
        .layer(axum::middleware::map_request(move |request: axum::extract::Request| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move { request }
        }));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, count)
}

#[test]
fn only_hosts_of_the_internet_are_public() {
    let private = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "168.63.129.16",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];
    for address in private {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
    let public = [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "168.63.129.17",
        "64:ff9b::808:808",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:4860:4860::8888",
    ];
    for address in public {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}

#[tokio::test]
async fn addresses_are_seen_in_every_spelling() {
    let client = client(&[], &[&["1.1.1.1"]]);
    let spellings = [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://%31%32%37.0.0.1/",
        "http://１２７.0.0.1/",
        "http://user:pass@127.0.0.1/",
        "http://1.1.1.1@127.0.0.1/",
        "http:\\\\127.0.0.1/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[fe80::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0/",
        "https://10.0.0.1/",
    ];
    for url in spellings {
        assert_eq!(client.get(url, LIMITS).await.unwrap_err(), FetchError::BlockedAddress, "{url}");
        assert_eq!(client.check(url).await, Err(FetchError::BlockedAddress), "{url}");
    }
}

#[tokio::test]
async fn other_schemes_are_refused() {
    let client = client(&["127.0.0.1"], &[&["1.1.1.1"]]);
    for url in ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "data:text/plain,x"] {
        assert_eq!(client.get(url, LIMITS).await.unwrap_err(), FetchError::Scheme, "{url}");
    }
    for url in ["", "//127.0.0.1/", "http://", "nonsense"] {
        assert_eq!(client.get(url, LIMITS).await.unwrap_err(), FetchError::Url, "{url}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    let (address, count) = server().await;
    let client = client(&["127.0.0.1"], &[&["127.0.0.1"]]);
    let url = format!("http://inside.test:{}/", address.port());
    assert_eq!(client.get(&url, LIMITS).await.unwrap_err(), FetchError::BlockedAddress);
    let posted = client.post(&url, &[], "x".into(), LIMITS.time_max).await;
    assert_eq!(posted.unwrap_err(), FetchError::BlockedAddress);
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_caught_at_the_connection() {
    let (address, count) = server().await;
    let client = client(&[], &[&["1.1.1.1"], &["127.0.0.1"]]);
    let url = format!("http://rebind.test:{}/", address.port());
    assert_eq!(client.check(&url).await, Ok(()));
    assert_eq!(client.get(&url, LIMITS).await.unwrap_err(), FetchError::BlockedAddress);
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn of_mixed_answers_only_the_public_part_is_used() {
    let lookup = Answers::new(&[&["10.0.0.1", "1.1.1.1", "::1"]]);
    let resolver = GuardedResolver::new(lookup, AllowedHosts::default());
    assert_eq!(resolver.resolve_host("mixed.test").await.unwrap(), ["1.1.1.1".parse::<IpAddr>().unwrap()]);
    // Somebody who registers such a name is told at once.
    assert_eq!(
        client(&[], &[&["10.0.0.1", "1.1.1.1"]]).check("https://mixed.test/").await,
        Err(FetchError::BlockedAddress)
    );
}

#[tokio::test]
async fn allowed_hosts_are_reached_by_their_own_spelling() {
    let (address, _) = server().await;
    let client = client(&["LocalHost", "127.0.0.1"], &[&["127.0.0.1"]]);
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1"] {
        let fetched = client.get(&format!("http://{host}:{}/", address.port()), LIMITS).await.unwrap();
        assert_eq!((fetched.status, fetched.body.as_ref(), fetched.is_cut), (200, &b"hello"[..], false), "{host}");
    }
}

#[tokio::test]
async fn redirects_are_checked_hop_by_hop() {
    let (address, _) = server().await;
    let client = client(&["127.0.0.1"], &[&["127.0.0.1"]]);
    let at = |path: &str| format!("http://{address}{path}");
    let fetched = client.get(&at("/back"), LIMITS).await.unwrap();
    assert_eq!((fetched.url.path(), fetched.body.as_ref()), ("/", &b"hello"[..]));
    assert_eq!(client.get(&at("/inside"), LIMITS).await.unwrap_err(), FetchError::BlockedAddress);
    assert_eq!(client.get(&at("/file"), LIMITS).await.unwrap_err(), FetchError::Scheme);
    assert_eq!(client.get(&at("/around"), LIMITS).await.unwrap_err(), FetchError::Redirects);
    let answer = client.post(&at("/"), &[], "x".into(), LIMITS.time_max).await.unwrap();
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn redirects_are_counted() {
    let (address, count) = server().await;
    let client = client(&["127.0.0.1"], &[&["127.0.0.1"]]);
    let result = client.get(&format!("http://{address}/around"), LIMITS).await;
    assert_eq!((result.unwrap_err(), count.load(Ordering::Relaxed)), (FetchError::Redirects, 4));
}

#[tokio::test]
async fn bodies_and_time_are_bounded() {
    let (address, _) = server().await;
    let client = client(&["127.0.0.1"], &[&["127.0.0.1"]]);
    let fetched = client.get(&format!("http://{address}/large"), LIMITS).await.unwrap();
    assert_eq!((fetched.body.len(), fetched.is_cut), (1024, true));
    let short = FetchLimits { time_max: Duration::from_millis(50), ..LIMITS };
    assert_eq!(client.get(&format!("http://{address}/slow"), short).await.unwrap_err(), FetchError::Time);
}

#[test]
fn a_file_that_holds_no_certificate_is_told() {
    let options =
        GuardedClientOptions { extra_ca: vec!["/does/not/exist.pem".into()], ..GuardedClientOptions::default() };
    let error = GuardedClient::new(&options).err().unwrap();
    assert!(error.to_string().contains("/does/not/exist.pem"), "{error}");
}
