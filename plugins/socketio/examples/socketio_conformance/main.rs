//! A server that the official test suites of Engine.IO and Socket.IO can be run against, and tests with real clients.
//!
//! `cargo run --example socketio_conformance [-- OPTION …]` listens on port 3000 of both loopback addresses.
//!
//! * `--port N`: another port.
//! * `--usual-pings`: ping as servers usually do; without it every 300 ms, which is what the suites expect.
//! * `--recovery`: events that were missed are sent after a reconnect.
//!
//! At `/engine.io/` every message comes back as it was sent. At `/socket.io/` are the namespaces `/`, `/custom` and
//! `/locked`, whose events are in `echo.rs` and `rooms.rs`.

mod echo;
mod rooms;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt;
use natter_node::Broker;
use natter_node::limits::ConnectionLimits;
use natter_node::realtime::{App, Attempt, Identity, Refused, Sockets, Verdict};
use natter_node::tenant::Tenant;
use natter_node::worker::{self, BrokerOptions};
use natter_socketio::{Layer, Options, SocketIoPlugin};
use natter_store::MemoryStore;
use serde_json::json;
use tokio::net::TcpListener;

/// What the event `big` may ask for must fit into a connection's queue.
const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the command line says.
#[derive(Default)]
struct Arguments {
    port: Option<u16>,
    has_usual_pings: bool,
    has_recovery: bool,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--port" => arguments.port = words.next().and_then(|port| port.parse().ok()),
                "--usual-pings" => arguments.has_usual_pings = true,
                "--recovery" => arguments.has_recovery = true,
                _ => return Err(format!("unknown option {word}")),
            }
        }
        Ok(arguments)
    }

    fn options(&self) -> Options {
        let (ping_interval_ms, ping_timeout_ms) = if self.has_usual_pings { (25_000, 20_000) } else { (300, 200) };
        Options {
            ping_interval_ms,
            ping_timeout_ms,
            connect_timeout_ms: 1_000,
            // The suites listen for the first message only after they have learnt that the socket is open.
            open_delay_ms: 10,
            has_recovery: self.has_recovery,
            ..Options::default()
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let (broker, _workers) = worker::start(BrokerOptions {
        workers: 0,
        channels_max: 1_000_000,
        connection_limits: ConnectionLimits { connection_queue_bytes_max: QUEUE_BYTES_MAX, ..Default::default() },
        store: Arc::new(MemoryStore::new()),
    })?;
    let router = router(&broker, &arguments);
    let port = arguments.port.unwrap_or(3_000);
    let v4 = listen(SocketAddr::from(([127, 0, 0, 1], port)), router.clone());
    let v6 = listen(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port)), router);
    tokio::try_join!(v4, v6)?;
    Ok(())
}

async fn listen(address: SocketAddr, router: Router) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    // A socket that is gone already is found by whoever reads it.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
}

fn router(broker: &Broker, arguments: &Arguments) -> Router {
    let sockets = Sockets::new(broker.clone());
    let tenant =
        Arc::new(Tenant::new(natter_node::config::Tenant { id: "conformance".to_owned(), ..Default::default() }));
    for (name, namespace) in [("main", "/"), ("custom", "/custom"), ("locked", "/locked")] {
        let tenant = Arc::clone(&tenant);
        let authenticator = move |attempt: Attempt| std::future::ready(verdict(&tenant, &attempt));
        sockets.register(rooms::with_events(echo::with_events(App::new(name, namespace, authenticator))));
    }
    let options = arguments.options();
    let socketio = SocketIoPlugin::new(options.clone(), broker.clone(), sockets.clone());
    let echo_options = Options { path: "/engine.io/".to_owned(), layer: Layer::Echo, ..options };
    let engineio = SocketIoPlugin::new(echo_options, broker.clone(), sockets);
    socketio.mount().router.merge(engineio.mount().router)
}

/// Everyone is let in, but for one namespace that has a password.
fn verdict(tenant: &Arc<Tenant>, attempt: &Attempt) -> Verdict {
    if *attempt.namespace == *"/locked" && attempt.auth_text("token").as_deref() != Some("open-sesame") {
        let refused = Refused::new("not authorized");
        return Verdict::Refused(refused.with_data(&json!({ "code": 4001, "hint": "token" })));
    }
    Verdict::Accepted(Identity { tenant: Arc::clone(tenant), user: "".into(), state: Arc::new(()) })
}
