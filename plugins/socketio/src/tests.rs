//! The endpoint on a running broker, asked as a client that polls asks it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use natter_node::limits::ConnectionLimits;
use natter_node::realtime::{App, Args, Attempt, Event, Identity, Render, Sockets, Verdict};
use natter_node::tenant::Tenant;
use natter_node::worker::{self, BrokerOptions};
use natter_store::MemoryStore;
use tower::ServiceExt;

use crate::{Options, SocketIoPlugin};

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

struct Client {
    router: Router,
}

impl Client {
    fn start(options: Options) -> Self {
        let (broker, _) = worker::start(BrokerOptions {
            workers: 1,
            channels_max: 1_000,
            connection_limits: ConnectionLimits::default(),
            store: Arc::new(MemoryStore::new()),
        })
        .unwrap();
        let sockets = Sockets::new(broker.clone());
        sockets.register(echo(&broker));
        Self { router: SocketIoPlugin::new(options, broker, sockets).mount().router }
    }

    async fn ask(&self, method: Method, query: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let request = Request::builder().method(method).uri(format!("/socket.io/?{query}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        Reply { status: parts.status, headers: parts.headers, body: to_bytes(body, usize::MAX).await.unwrap() }
    }

    async fn get(&self, query: &str) -> Reply {
        self.ask(Method::GET, query, &[], "").await
    }

    async fn post(&self, query: &str, body: &str) -> Reply {
        self.ask(Method::POST, query, &[], body).await
    }

    /// Begins a session; returns the query of its further requests.
    async fn open(&self, query: &str) -> String {
        let reply = self.get(&format!("{query}&transport=polling")).await;
        // A script has the packet as a literal.
        let text = reply.text().replace('\\', "");
        let (_, rest) = text.split_once("\"sid\":\"").unwrap();
        format!("{query}&transport=polling&sid={}", &rest[..20])
    }

    /// Begins a session and joins the main namespace.
    async fn join(&self) -> String {
        let session = self.open("EIO=4").await;
        assert_eq!(self.post(&session, "40").await.text(), "ok");
        assert!(self.get(&session).await.text().starts_with("40{\"sid\":\""));
        session
    }
}

static RENDERED: AtomicUsize = AtomicUsize::new(0);

/// Counts how often it is asked.
struct Counting;

impl Render for Counting {
    fn render(&self, _: &str, publication: &natter_core::Publication, emit: &mut dyn FnMut(&str, &Args)) {
        RENDERED.fetch_add(1, Ordering::SeqCst);
        emit("shown", &Args::one(std::str::from_utf8(&publication.data).unwrap()));
    }
}

/// Everyone is let in; `echo` comes back, `follow` follows the channel `news`, `tell` publishes to it.
fn echo(broker: &natter_node::Broker) -> App {
    let tenant = Arc::new(Tenant::new(natter_node::config::Tenant { id: "demo".to_owned(), ..Default::default() }));
    let channel = natter_core::ChannelKey::new(tenant.id().clone(), "news");
    let (followed, told, broker) = (channel.clone(), channel, broker.clone());
    let authenticator = move |_: Attempt| {
        let identity = Identity { tenant: Arc::clone(&tenant), user: "ada".into(), state: Arc::new(()) };
        std::future::ready(Verdict::Accepted(identity))
    };
    App::new("echo", "/", authenticator)
        .rendered_by(Counting)
        .on_raw("echo", |socket, event: Event| async move {
            socket.emit("echo", &event.args).unwrap();
            Some(event.args)
        })
        .on_raw("follow", move |socket, _| {
            let channel = followed.clone();
            async move { Some(Args::one(&socket.follow(channel, Arc::default()).await.is_ok())) }
        })
        .on("tell", move |_, (text,): (String,)| {
            let (broker, channel) = (broker.clone(), told.clone());
            let draft = natter_core::Draft { data: text.into(), ..Default::default() };
            async move { Some(Args::one(&broker.publish(channel, Arc::default(), draft).await.is_ok())) }
        })
}

#[tokio::test]
async fn wrong_requests_are_told_what_is_wrong_in_order() {
    let client = Client::start(Options::default());
    for (query, code) in [
        ("", 0),
        ("EIO=4&transport=carrier-pigeon", 0),
        ("EIO=4&transport=polling&sid=unknown", 1),
        ("EIO=4&transport=websocket", 3),
        ("transport=polling", 5),
        ("EIO=5&transport=polling", 5),
    ] {
        let reply = client.get(query).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(reply.text().starts_with(&format!("{{\"code\":{code},")), "{query}: {}", reply.text());
        assert_eq!(reply.headers["access-control-allow-origin"], "*");
    }
    assert!(client.post("EIO=4&transport=polling", "").await.text().contains("\"code\":2"));
}

#[tokio::test]
async fn a_post_is_answered_when_all_of_it_has_been_handled_in_order() {
    let client = Client::start(Options::default());
    let session = client.join().await;
    assert_eq!(client.post(&session, "421[\"echo\",1]\u{1e}42[\"echo\",2]").await.text(), "ok");
    assert_eq!(client.get(&session).await.text(), "42[\"echo\",1]\u{1e}431[1]\u{1e}42[\"echo\",2]");
}

#[tokio::test]
async fn a_body_that_is_no_packets_ends_the_session() {
    let client = Client::start(Options::default());
    let session = client.join().await;
    assert_eq!(client.post(&session, "42[\"echo\",1]\u{1e}").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(client.get(&session).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_session_goes_on() {
    let client = Client::start(Options { payload_bytes_max: 100, ..Options::default() });
    let session = client.join().await;
    assert_eq!(client.post(&session, &"x".repeat(101)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(client.post(&session, "42[\"echo\",1]").await.text(), "ok");
}

#[tokio::test]
async fn a_second_poll_at_a_time_ends_the_session() {
    let client = Client::start(Options::default());
    let session = client.join().await;
    let (first, second) = tokio::join!(client.get(&session), client.get(&session));
    assert_eq!((first.status, first.text()), (StatusCode::OK, "1"));
    assert_eq!((second.status, second.text()), (StatusCode::BAD_REQUEST, ""));
}

#[tokio::test]
async fn pages_without_cors_poll_by_scripts() {
    let client = Client::start(Options::default());
    let session = client.open("EIO=3&j=7").await;
    let form = "d=14%3A42%5B%22echo%22%2C%22a%22%5D";
    assert_eq!(client.post(&session, form).await.text(), "ok");
    assert_eq!(client.get(&session).await.text(), "___eio[7](\"14:42[\\\"echo\\\",\\\"a\\\"]\");");
}

#[tokio::test]
async fn clients_of_revision_3_are_in_the_main_namespace_at_once() {
    let client = Client::start(Options::default());
    let reply = client.get("EIO=3&transport=polling").await;
    assert!(reply.text().ends_with("2:40"), "{}", reply.text());
    assert!(client.get("EIO=3&transport=polling&b64=1").await.text().ends_with("2:40"));
}

#[tokio::test]
async fn a_page_that_is_not_listed_may_not_connect_but_is_told_so() {
    let options = Options { allowed_origins: vec!["https://good.example".to_owned()], ..Options::default() };
    let client = Client::start(options);
    let from = |origin| [("origin", origin)];
    let query = "EIO=4&transport=polling";
    let refused = client.ask(Method::GET, query, &from("https://evil.example"), "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let accepted = client.ask(Method::GET, query, &from("https://good.example"), "").await;
    assert_eq!(accepted.headers["access-control-allow-origin"], "https://good.example");
    let preflight = client.ask(Method::OPTIONS, query, &from("https://good.example"), "").await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_publication_is_shown_once_for_each_revision_however_many_follow() {
    let client = Client::start(Options::default());
    let mut sessions = Vec::new();
    for _ in 0..20 {
        let session = client.join().await;
        client.post(&session, "420[\"follow\"]").await;
        assert_eq!(client.get(&session).await.text(), "430[true]");
        sessions.push(session);
    }
    let teller = client.join().await;
    client.post(&teller, "420[\"tell\",\"news\"]").await;
    assert_eq!(client.get(&teller).await.text(), "430[true]");
    for session in sessions {
        assert_eq!(client.get(&session).await.text(), "42[\"shown\",\"news\"]");
    }
    assert_eq!(RENDERED.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_session() {
    let client = Client::start(Options::default());
    let packets =
        ["42[\"echo\"", "49", "44{}", "40", "42/other,[\"echo\"]", "451-[\"echo\",{\"_placeholder\":true,\"num\":1}]"];
    for packet in packets {
        let session = client.join().await;
        client.post(&session, packet).await;
        assert_eq!(client.get(&session).await.status, StatusCode::BAD_REQUEST, "{packet}");
    }
}
