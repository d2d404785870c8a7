//! The events of our own tests with real clients: rooms, large answers, and how connections end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use natter_node::realtime::{App, Args, Broadcast, Once, Socket};
use serde_json::json;
use serde_json::value::RawValue;

/// The largest answer that can be asked for, in characters.
const BIG_MAX: usize = 1 << 20;
/// Sockets whose names are kept.
const TAGS_MAX: usize = 10_000;

/// Sockets by the names that they have given themselves.
static TAGS: LazyLock<Mutex<HashMap<String, Socket>>> = LazyLock::new(Mutex::default);

/// Events that count once, and how many have counted.
static ONCE: LazyLock<Once> = LazyLock::new(|| Once::new(TAGS_MAX));
static COUNTED: AtomicU64 = AtomicU64::new(0);
/// Longer than the client of the test waits before it sends again.
const COUNT_TIME: Duration = Duration::from_millis(300);

/// Adds the events to a namespace.
pub(crate) fn with_events(app: App) -> App {
    let app = app
        .on("big", |_, (count,): (usize,)| async move { Some(Args::one(&"x".repeat(count.min(BIG_MAX)))) })
        .on("count-once", |socket: Socket, (key,): (String,)| async move {
            let count = async {
                tokio::time::sleep(COUNT_TIME).await;
                Args::one(&COUNTED.fetch_add(1, Ordering::Relaxed))
            };
            ONCE.run(&socket, &key, count).await;
            Some(Args::one(&COUNTED.load(Ordering::Relaxed)))
        })
        .on("tag", |socket: Socket, (name,): (String,)| async move {
            let answer = Args::one(&**socket.id());
            let mut tags = TAGS.lock().unwrap_or_else(PoisonError::into_inner);
            if tags.len() < TAGS_MAX {
                tags.insert(name, socket);
            }
            Some(answer)
        })
        .on("reason-of", |_, (name,): (String,)| async move {
            let tags = TAGS.lock().unwrap_or_else(PoisonError::into_inner);
            let reason = tags.get(&name).and_then(Socket::disconnect_reason);
            Some(Args::one(&reason.map(|reason| reason.as_str())))
        })
        .on("server-disconnect", |socket: Socket, (ends_connection,): (Option<bool>,)| async move {
            socket.disconnect(ends_connection.unwrap_or_default());
            None
        })
        .on("drop-transport", |socket: Socket, ()| async move {
            socket.drop_transport();
            None
        });
    with_rooms(app)
}

fn with_rooms(app: App) -> App {
    app.on("join-room", |socket: Socket, (room,): (String,)| async move {
        let is_in = socket.join(&room).await.is_ok();
        Some(Args::one(&json!({ "room": room, "in": is_in })))
    })
    .on("leave-room", |socket: Socket, (room,): (String,)| async move {
        socket.leave(&room).await;
        Some(Args::one(&json!({ "room": room, "in": false })))
    })
    .on("room-ids", |socket: Socket, (room,): (String,)| async move {
        Some(Args::one(&socket.room(&room).members().await.unwrap_or_default()))
    })
    .on("room-send", |socket: Socket, (room, data): (String, Box<RawValue>)| async move {
        send(socket.to(&room), &room, data).await
    })
    .on("room-send-all", |socket: Socket, (room, data): (String, Box<RawValue>)| async move {
        send(socket.room(&room), &room, data).await
    })
    .on("room-send-except", |socket: Socket, (room, except, data): (String, String, Box<RawValue>)| async move {
        send(socket.room(&room).except(&except), &room, data).await
    })
}

async fn send(broadcast: Broadcast, room: &str, data: Box<RawValue>) -> Option<Args> {
    let outcome = broadcast.emit("room-msg", &Args::of(&(room, data))).await;
    Some(Args::one(if outcome.is_ok() { "ok" } else { "busy" }))
}
