//! A stand-in for a durable chat: one file of operations, replayed at the start; REST and WebSocket on one port. Just
//! enough of both for the load generator, and faults on request.

mod events;
mod http;
mod state;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use state::State;

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Acknowledges at once and writes a while later.
    AckBeforeWrite,
    /// Forgets `clientId`s, and breaks every 20th send after storing it.
    ForgetClientIds,
    /// Skips one event in 50.
    DropEvent,
    /// Keeps read positions in memory only.
    ForgetReads,
    /// Acknowledges every 50th message without keeping it.
    LoseMessage,
    /// Gives every 50th message to its channel twice.
    RepeatMessage,
    /// Refuses the 50th message.
    Refuse,
}

impl Fault {
    /// The fault with this name.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "ack_before_write" => Self::AckBeforeWrite,
            "forget_client_ids" => Self::ForgetClientIds,
            "drop_event" => Self::DropEvent,
            "forget_reads" => Self::ForgetReads,
            "lose_message" => Self::LoseMessage,
            "repeat_message" => Self::RepeatMessage,
            "refuse" => Self::Refuse,
            _ => Self::None,
        }
    }
}

/// Serves on two free ports, for clients and for metrics; what it keeps is in `folder`.
pub(crate) async fn start(folder: &Path, fault: Fault) -> (SocketAddr, SocketAddr) {
    let (listener, internal) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let addresses = (listener.local_addr().unwrap(), internal.local_addr().unwrap());
    tokio::spawn(run(listener, internal, State::open(folder, fault)));
    addresses
}

/// Serves as a configuration says, for ever.
pub(crate) async fn serve(config: &Path, fault: Fault) {
    let config: toml::Table = std::fs::read_to_string(config).unwrap().parse().unwrap();
    let state = State::open(Path::new(config["store"]["path"].as_str().unwrap()), fault);
    let listener = TcpListener::bind(config["listeners"][0]["address"].as_str().unwrap()).await.unwrap();
    let internal = TcpListener::bind(config["server"]["internal_address"].as_str().unwrap()).await.unwrap();
    run(listener, internal, state).await;
}

async fn run(listener: TcpListener, internal: TcpListener, state: State) {
    let state = Arc::new(Mutex::new(state));
    tokio::spawn(answer_internal(internal, Arc::clone(&state)));
    let late = Arc::clone(&state);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            late.lock().unwrap().write_late();
        }
    });
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(accept(stream, Arc::clone(&state)));
    }
}

async fn accept(stream: TcpStream, state: Arc<Mutex<State>>) {
    stream.set_nodelay(true).unwrap();
    let mut first = [0; 15];
    while stream.peek(&mut first).await.is_ok_and(|count| (1..first.len()).contains(&count)) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    if &first == b"GET /connection" {
        events::serve(stream, state).await;
    } else {
        http::serve(stream, state).await;
    }
}

/// Readiness and metrics, one request a connection.
async fn answer_internal(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 1024];
        let Ok(1..) = stream.read(&mut request).await else { continue };
        let operations = state.lock().unwrap().operations;
        let body = format!(
            "natter_log_sync_duration_seconds_sum 0.5\nnatter_log_sync_duration_seconds_count {operations}\n\
             natter_log_batch_messages_sum {operations}\n"
        );
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await.ok();
    }
}
