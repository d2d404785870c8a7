//! Who is let in over Socket.IO, and until when.

use std::sync::Arc;

use natter_core::TenantId;
use natter_node::auth::{TokenError, TokenPurpose};
use natter_node::realtime::{Attempt, Command, Driver, EmitError, Identity, NewSocket, Socket, Sockets, Verdict};
use parking_lot::Mutex;
use serde_json::json;

use super::GRACE_MS;
use super::sockets::SocketLogin;
use crate::testing::{Bench, PASSWORD, Person};

const TOKEN_MS: i64 = 15 * 60 * 1_000;

/// A connection that follows what it is told to, and remembers that it was closed.
#[derive(Default)]
struct Connection(Mutex<bool>);

impl Driver for Connection {
    fn command(&self, _namespace: &Arc<str>, command: Command) -> Result<(), EmitError> {
        match command {
            Command::Follow { done, .. } => drop(done.send(Ok(()))),
            Command::Unfollow { done, .. } => drop(done.send(())),
            Command::Disconnect { ends_connection } => *self.0.lock() |= ends_connection,
            _ => {}
        }
        Ok(())
    }
}

impl Connection {
    fn is_closed(&self) -> bool {
        *self.0.lock()
    }
}

fn attempt(token: &str) -> Attempt {
    let auth = json!({ "token": token }).to_string();
    Attempt { namespace: "/".into(), auth: auth.into(), handshake: Arc::default() }
}

async fn decide(bench: &Bench, token: &str) -> Verdict {
    bench.chatify.app().authenticator().authenticate(attempt(token)).await
}

async fn identity(bench: &Bench, token: &str) -> Identity {
    match decide(bench, token).await {
        Verdict::Accepted(identity) => identity,
        Verdict::Refused(refused) => panic!("{refused:?}"),
        Verdict::NotMine => panic!("left to others"),
    }
}

/// A socket that has come as far as [`natter_node::realtime::App::connecting`].
async fn socket(bench: &Bench, token: &str) -> (Socket, Arc<Connection>) {
    let connection = Arc::new(Connection::default());
    let socket = Socket::new(NewSocket {
        id: "socket".into(),
        app: "chatify",
        namespace: "/".into(),
        identity: identity(bench, token).await,
        handshake: Arc::default(),
        auth: bytes::Bytes::from_static(b"{}"),
        is_recovered: false,
        driver: Arc::<Connection>::clone(&connection),
        sockets: Sockets::new(bench.broker.clone()),
    });
    (socket, connection)
}

async fn connected(bench: &Bench, person: &Person) -> (Socket, Arc<Connection>) {
    let (socket, connection) = socket(bench, &person.token).await;
    bench.chatify.app().connecting(socket.clone()).unwrap().await.unwrap();
    (socket, connection)
}

/// Whether the socket's time is over now.
fn is_over(bench: &Bench) -> bool {
    !bench.chatify.live().over(bench.chatify.now_ms()).is_empty()
}

#[tokio::test]
async fn only_tokens_of_this_api_are_looked_at() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let own = identity(&bench, &ada.token).await;
    assert_eq!((own.tenant.id(), &*own.user), (&TenantId::new("demo"), ada.id.as_str()));
    for foreign in ["", "nonsense", &ada.refresh] {
        assert!(matches!(decide(&bench, foreign).await, Verdict::NotMine), "{foreign}");
    }
    bench.post("/api/v1/auth/logout", &ada.token, json!({})).await.data(200);
    assert!(
        matches!(decide(&bench, &ada.token).await, Verdict::Refused(refused) if refused.message == "invalid token")
    );
    let late = bench.person("Bob").await;
    bench.pass(TOKEN_MS);
    assert!(
        matches!(decide(&bench, &late.token).await, Verdict::Refused(refused) if refused.message == "token expired")
    );
}

#[tokio::test]
async fn a_socket_has_a_minute_to_show_another_token() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let (socket, connection) = connected(&bench, &ada).await;
    bench.pass(TOKEN_MS + GRACE_MS - 2_000);
    assert!(!is_over(&bench));
    let renewed = bench.post("/api/v1/auth/refreshtoken", "", json!({ "refreshToken": ada.refresh })).await;
    let event = serde_json::from_value(json!({ "token": renewed.text("/data/token") })).unwrap();
    let answer = bench.chatify.on_auth(socket.clone(), Some(event)).await.unwrap();
    assert_eq!(answer.text(), r#"{"status":"success","data":{}}"#);
    bench.pass(TOKEN_MS);
    assert!(!is_over(&bench) && !connection.is_closed());
    bench.pass(GRACE_MS);
    assert!(is_over(&bench));
    for _ in 0..1_000 {
        if connection.is_closed() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(connection.is_closed());
    bench.chatify.app().disconnected(socket, natter_node::realtime::DisconnectReason::ForcedClose).unwrap().await;
    assert!(bench.chatify.live().is_empty());
}

#[tokio::test]
async fn a_session_that_ends_while_its_socket_connects_is_noticed() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let (socket, _) = socket(&bench, &ada.token).await;
    bench.post("/api/v1/auth/logout", &ada.token, json!({})).await.data(200);
    assert!(bench.chatify.app().connecting(socket).unwrap().await.is_err());
}

#[tokio::test]
async fn only_the_sockets_of_a_session_end_with_it() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let other = Person { token: bench.login(&ada.email, PASSWORD).await.text("/data/token"), ..ada.clone() };
    let (_, own) = connected(&bench, &ada).await;
    let (_, others) = connected(&bench, &other).await;
    bench.post("/api/v1/auth/logout", &ada.token, json!({})).await.data(200);
    assert!(own.is_closed() && !others.is_closed());
}

#[tokio::test]
async fn typing_is_passed_on_once_a_second() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let (socket, _) = connected(&bench, &ada).await;
    let login = socket.state::<SocketLogin>().unwrap();
    assert!(login.may_type(10_000) && !login.may_type(10_999) && login.may_type(11_000));
}

#[tokio::test]
async fn tokens_open_real_time_connections() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let now = std::time::SystemTime::now();
    let authenticator = natter_node::auth::Authenticator::default().asking(bench.broker.token_sources());
    let claims = authenticator.authenticate_connection(&ada.token, "demo", now).decided().await.unwrap();
    assert_eq!((claims.user.as_str(), claims.purpose), (ada.id.as_str(), Some(TokenPurpose::Realtime)));
    bench.post("/api/v1/auth/logout", &ada.token, json!({})).await.data(200);
    let ended = authenticator.authenticate_connection(&ada.token, "demo", now).decided().await;
    assert!(matches!(ended, Err(TokenError::Invalid(_))));
}
