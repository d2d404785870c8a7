//! The events that the official suites send.

use std::time::Duration;

use natter_node::realtime::{App, Args, Event, Socket};

const ACK_TIME: Duration = Duration::from_secs(10);
/// The suites listen for one message at a time, and would miss what comes together with the answer to a CONNECT.
const AUTH_DELAY: Duration = Duration::from_millis(5);

/// Adds the events to a namespace.
pub(crate) fn with_events(app: App) -> App {
    app.on_connected(|socket| async move {
        tokio::time::sleep(AUTH_DELAY).await;
        let auth = Args::from_text(std::str::from_utf8(socket.auth()).unwrap_or("{}"), Vec::new());
        emit(&socket, "auth", &auth);
    })
    .on_raw("message", |socket, event: Event| async move {
        emit(&socket, "message-back", &event.args);
        None
    })
    .on_raw("message-with-ack", |_, event| async move { Some(event.args) })
    .on_raw("emit-with-ack", |socket, event| async move {
        if let Ok(answer) = socket.emit_with_ack("emit-with-ack", &event.args, ACK_TIME).await {
            emit(&socket, "emit-with-ack", &answer);
        }
        None
    })
}

fn emit(socket: &Socket, event: &str, args: &Args) {
    if let Err(error) = socket.emit(event, args) {
        eprintln!("{event} could not be sent: {error}");
    }
}
