//! The REST half: requests in, the state's answers out.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::state::{Operation, State};

/// A whole request.
struct Request {
    method: String,
    path: String,
    /// A token is its user's name.
    user: String,
    body: Value,
}

pub(super) async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut bytes = Vec::new();
    loop {
        let Some(request) = take(&mut bytes) else {
            match stream.read_buf(&mut bytes).await {
                Ok(1..) => continue,
                _ => return,
            }
        };
        let Some((status, answer)) = answer(&request, &mut state.lock().unwrap()) else { return };
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", answer.len());
        if stream.write_all((head + &answer).as_bytes()).await.is_err() {
            return;
        }
    }
}

fn take(bytes: &mut Vec<u8>) -> Option<Request> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(bytes).unwrap() else { return None };
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value).into_owned()).unwrap_or_default()
    };
    let size = head + header("content-length").parse().unwrap_or(0);
    let body = serde_json::from_slice(bytes.get(head..size)?).unwrap_or_default();
    assert_eq!(header("x-api-key"), "demo-api-key");
    let user = header("authorization").trim_start_matches("Bearer ").to_owned();
    let (method, path) = (request.method.unwrap().to_owned(), request.path.unwrap().to_owned());
    bytes.drain(..size);
    Some(Request { method, path, user, body })
}

/// The answer; `None` to break the connection instead.
fn answer(request: &Request, state: &mut State) -> Option<(u16, Value)> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (user, body) = (request.user.clone(), &request.body);
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let channel = parts.get(2).copied().unwrap_or_default().to_owned();
    let message = parts.get(4).filter(|_| parts[3] == "messages").copied().unwrap_or_default().to_owned();
    let named = if message.is_empty() { text("messageId") } else { message.clone() };
    if !named.is_empty() && !state.knows(&channel, &named) {
        return Some((404, json!({ "error": { "code": "NOT_FOUND" } })));
    }
    let answer = match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["api", "users", "sync"]) => (200, json!({ "synced": 1, "errors": [] })),
        ("POST", ["tokens"]) => {
            (200, json!({ "token": body["userId"], "wsToken": body["userId"], "appId": "demo", "expiresIn": 86400 }))
        }
        ("POST", ["api", "channels"]) => (201, state.perform(Operation::Channel { name: text("name") })),
        ("POST", [_, _, _, "messages"]) => {
            return state.send(Operation::Message { channel, user, text: text("text"), client_id: text("clientId") });
        }
        ("PATCH", [_, _, _, "messages", _]) => {
            (200, state.perform(Operation::Edit { channel, message, text: text("text") }))
        }
        ("POST", [.., "reactions"]) => {
            (201, state.perform(Operation::React { channel, message, user, emoji: text("emoji"), adds: true }))
        }
        ("DELETE", [.., "reactions", emoji]) => {
            let emoji = decoded(emoji);
            (200, state.perform(Operation::React { channel, message, user, emoji, adds: false }))
        }
        ("POST", [.., "read"]) => (200, state.perform(Operation::Read { channel, user, message: text("messageId") })),
        ("GET", [.., "read-status"]) => (200, state.read_status(&channel)),
        ("GET", [_, _, _, "messages"]) => {
            let since = query.split('&').find_map(|pair| pair.strip_prefix("since_seq="));
            (200, state.page(&channel, since.unwrap().parse().unwrap()))
        }
        (method, _) => panic!("the load generator asked for {method} {path}"),
    };
    Some(answer)
}

fn decoded(segment: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), segment.bytes());
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
