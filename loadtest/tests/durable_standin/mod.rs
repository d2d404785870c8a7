//! A stand-in for a durable broker: one file of records, replayed at the start; the server API and WebSocket on one port.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use natter_protocol::centrifuge::framing::{Encoding, append_reply, decode_commands};
use natter_protocol::centrifuge::request::Request;
use natter_protocol::centrifuge::schema::{
    ConnectResult, HistoryResult, Publication, PublishResult, Push, Reply, SubscribeRequest, SubscribeResult,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Sender, channel};
use tokio_tungstenite::tungstenite::Message;

const EPOCH: &str = "standin";

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Acknowledges at once and writes a while later.
    AckBeforeWrite,
    /// Forgets idempotency keys, and breaks every 20th call after storing it.
    ForgetKeys,
    /// Skips one delivery in 50.
    DropDelivery,
}

#[derive(Serialize, Deserialize)]
struct Record {
    channel: String,
    key: String,
    data: Box<RawValue>,
}

#[derive(Deserialize)]
struct ApiPublish {
    channel: String,
    idempotency_key: String,
    data: Box<RawValue>,
}

#[derive(Default)]
struct Channel {
    entries: Vec<Bytes>,
    subscribers: Vec<Sender<Bytes>>,
}

struct State {
    fault: Fault,
    file: File,
    unwritten: Vec<u8>,
    channels: HashMap<String, Channel>,
    keys: HashMap<(String, String), u64>,
    calls: u64,
    deliveries: u64,
}

/// Serves as the configuration says, for ever.
pub(crate) async fn serve(config: &Path, fault: Fault) {
    let config: toml::Table = fs::read_to_string(config).unwrap().parse().unwrap();
    let state = Arc::new(Mutex::new(State::open(config["store"]["path"].as_str().unwrap(), fault)));
    let late = Arc::clone(&state);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            late.lock().unwrap().write_late();
        }
    });
    let listener = TcpListener::bind(config["listeners"][0]["address"].as_str().unwrap()).await.unwrap();
    let internal = TcpListener::bind(config["server"]["internal_address"].as_str().unwrap()).await.unwrap();
    tokio::spawn(answer_ready(internal));
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(accept(stream, Arc::clone(&state)));
    }
}

async fn answer_ready(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 1024];
        let Ok(1..) = stream.read(&mut request).await else { continue };
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.ok();
    }
}

async fn accept(stream: TcpStream, state: Arc<Mutex<State>>) {
    stream.set_nodelay(true).unwrap();
    let mut first = [0; 4];
    if stream.peek(&mut first).await.is_ok() && &first == b"POST" {
        serve_api(BufReader::new(stream), state).await;
    } else {
        serve_websocket(stream, state).await;
    }
}

async fn serve_api(mut stream: BufReader<TcpStream>, state: Arc<Mutex<State>>) {
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        let publish: ApiPublish = serde_json::from_slice(&body).unwrap();
        let Some(offset) = state.lock().unwrap().publish_once(publish) else { return };
        let answer = format!("{{\"result\":{{\"offset\":{offset},\"epoch\":\"{EPOCH}\"}}}}");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
        if stream.write_all((head + &answer).as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn serve_websocket(stream: TcpStream, state: Arc<Mutex<State>>) {
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (mut sink, mut source) = socket.split();
    let (outgoing, mut queue) = channel::<Bytes>(65_536);
    tokio::spawn(async move {
        while let Some(frame) = queue.recv().await {
            if sink.send(Message::Text(frame.try_into().unwrap())).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = source.next().await {
        for command in decode_commands(Encoding::Json, &message.into_data()).flatten() {
            let mut state = state.lock().unwrap();
            let mut reply = Reply { id: command.id, ..Reply::default() };
            match command.into_request() {
                Some(Request::Connect(_)) => reply.connect = Some(ConnectResult::default()),
                Some(Request::Publish(publish)) => {
                    state.publish(&publish.channel, "", publish.data);
                    reply.publish = Some(PublishResult::default());
                }
                Some(Request::Subscribe(subscribe)) => reply.subscribe = Some(state.subscribe(&subscribe, &outgoing)),
                Some(Request::History(history)) => {
                    let since = history.since.map_or(0, |since| since.offset);
                    reply.history = Some(state.history(&history.channel, since, history.limit as usize));
                }
                _ => continue,
            }
            outgoing.try_send(encode(&reply)).ok();
        }
    }
}

impl State {
    fn open(folder: &str, fault: Fault) -> Self {
        fs::create_dir_all(folder).unwrap();
        let path = Path::new(folder).join("records");
        let stored = fs::read(&path).unwrap_or_default();
        let whole = stored.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let file = File::options().create(true).append(true).open(path).unwrap();
        file.set_len(whole as u64).unwrap();
        let (unwritten, channels, keys) = (Vec::new(), HashMap::new(), HashMap::new());
        let mut state = Self { fault, file, unwritten, channels, keys, calls: 0, deliveries: 0 };
        for line in stored[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let record: Record = serde_json::from_slice(line).unwrap();
            let data = Bytes::copy_from_slice(record.data.get().as_bytes());
            let offset = state.append(&record.channel, data);
            state.keys.insert((record.channel, record.key), offset);
        }
        state
    }

    fn publish_once(&mut self, publish: ApiPublish) -> Option<u64> {
        self.calls += 1;
        let key = (publish.channel, publish.idempotency_key);
        if let Some(offset) = self.keys.get(&key)
            && self.fault != Fault::ForgetKeys
        {
            return Some(*offset);
        }
        let offset = self.publish(&key.0, &key.1, Bytes::copy_from_slice(publish.data.get().as_bytes()));
        self.keys.insert(key, offset);
        (self.fault != Fault::ForgetKeys || !self.calls.is_multiple_of(20)).then_some(offset)
    }

    fn publish(&mut self, channel: &str, key: &str, data: Bytes) -> u64 {
        let raw = RawValue::from_string(String::from_utf8(data.to_vec()).unwrap()).unwrap();
        let record = Record { channel: channel.to_owned(), key: key.to_owned(), data: raw };
        let mut line = serde_json::to_vec(&record).unwrap();
        line.push(b'\n');
        if self.fault == Fault::AckBeforeWrite {
            self.unwritten.extend_from_slice(&line);
        } else {
            self.file.write_all(&line).unwrap();
        }
        let offset = self.append(channel, data.clone());
        let publication = Publication { data, offset, ..Publication::default() };
        let push = Push { channel: channel.to_owned(), r#pub: Some(publication), ..Push::default() };
        let frame = encode(&Reply { push: Some(push), ..Reply::default() });
        for subscriber in &self.channels[channel].subscribers {
            self.deliveries += 1;
            if self.fault != Fault::DropDelivery || !self.deliveries.is_multiple_of(50) {
                subscriber.try_send(frame.clone()).ok();
            }
        }
        offset
    }

    fn append(&mut self, channel: &str, data: Bytes) -> u64 {
        let channel = self.channels.entry(channel.to_owned()).or_default();
        channel.entries.push(data);
        channel.entries.len() as u64
    }

    fn write_late(&mut self) {
        self.file.write_all(&std::mem::take(&mut self.unwritten)).unwrap();
    }

    fn subscribe(&mut self, request: &SubscribeRequest, outgoing: &Sender<Bytes>) -> SubscribeResult {
        let all = self.history(&request.channel, request.offset, usize::MAX);
        self.channels.entry(request.channel.clone()).or_default().subscribers.push(outgoing.clone());
        let recovered = request.recover && request.offset <= all.offset && all.publications.len() <= 300;
        SubscribeResult {
            recoverable: true,
            recovered,
            was_recovering: request.recover,
            offset: if recovered { request.offset } else { all.offset },
            publications: if recovered { all.publications } else { Vec::new() },
            epoch: EPOCH.into(),
            ..SubscribeResult::default()
        }
    }

    fn history(&mut self, channel: &str, since: u64, limit: usize) -> HistoryResult {
        let entries = &self.channels.entry(channel.to_owned()).or_default().entries;
        let publication = |(index, data): (usize, &Bytes)| {
            let offset = index as u64 + 1;
            Publication { data: data.clone(), offset, ..Publication::default() }
        };
        HistoryResult {
            publications: entries.iter().enumerate().skip(since as usize).take(limit).map(publication).collect(),
            epoch: EPOCH.into(),
            offset: entries.len() as u64,
        }
    }
}

fn encode(reply: &Reply) -> Bytes {
    let mut bytes = BytesMut::new();
    append_reply(Encoding::Json, reply, &mut bytes).unwrap();
    bytes.freeze()
}
