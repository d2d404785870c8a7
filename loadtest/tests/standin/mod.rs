//! A stand-in for a broker: just enough of the Centrifugo protocol to fan publications out, and faults on request.

#![expect(unreachable_pub, clippy::unwrap_used, reason = "test code that is shared with an example")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use natter_protocol::centrifuge::framing::{Encoding, append_reply, decode_commands};
use natter_protocol::centrifuge::request::Request;
use natter_protocol::centrifuge::schema::{
    ConnectResult, Error, Publication, PublishResult, Push, Reply, SubscribeResult,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Sender, channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request as Upgrade, Response};

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Forgets the delivery of this publication to the first subscriber.
    Drop(u64),
    /// Delivers this publication after the next one.
    Swap(u64),
    /// Delivers this publication twice.
    Repeat(u64),
    /// Refuses this publication with error 111.
    Refuse(u64),
    /// Closes the first subscriber at this publication as too slow.
    Cut(u64),
}

/// One outgoing frame, or the end of a connection with a code.
enum Outgoing {
    Frame(Bytes),
    Close(u16),
}

struct Hub {
    fault: Fault,
    published: u64,
    held: Option<Bytes>,
    channels: HashMap<String, Vec<Sender<Outgoing>>>,
}

/// Starts on a free port of the loopback address, within the current runtime.
pub async fn start(encoding: Encoding, fault: Fault, port: u16) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let hub = Arc::new(Mutex::new(Hub { fault, published: 0, held: None, channels: HashMap::new() }));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, encoding, Arc::clone(&hub)));
        }
    });
    address
}

#[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
async fn serve(stream: TcpStream, encoding: Encoding, hub: Arc<Mutex<Hub>>) {
    stream.set_nodelay(true).unwrap();
    let choose = |upgrade: &Upgrade, mut response: Response| {
        if let Some(name) = upgrade.headers().get("sec-websocket-protocol") {
            response.headers_mut().insert("sec-websocket-protocol", name.clone());
        }
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, choose).await else { return };
    let (mut sink, mut source) = socket.split();
    let (outgoing, mut queue) = channel(65_536);
    tokio::spawn(async move {
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, 64).await > 0 {
            for item in batch.drain(..) {
                let message = match item {
                    Outgoing::Frame(frame) if encoding == Encoding::Json => Message::Text(frame.try_into().unwrap()),
                    Outgoing::Frame(frame) => Message::Binary(frame),
                    Outgoing::Close(code) => close_message(code),
                };
                if sink.feed(message).await.is_err() {
                    return;
                }
            }
            if sink.flush().await.is_err() {
                return;
            }
        }
    });
    outgoing.send(Outgoing::Frame(Bytes::from_static(encoding.ping()))).await.unwrap();
    while let Some(Ok(message)) = source.next().await {
        if message.is_text() || message.is_binary() {
            accept(&message.into_data(), encoding, &hub, &outgoing).await;
        }
    }
}

fn close_message(code: u16) -> Message {
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;
    Message::Close(Some(CloseFrame { code: code.into(), reason: "slow".into() }))
}

async fn accept(frame: &[u8], encoding: Encoding, hub: &Mutex<Hub>, outgoing: &Sender<Outgoing>) {
    for command in decode_commands(encoding, frame) {
        let command = command.unwrap();
        let mut reply = Reply { id: command.id, ..Reply::default() };
        match command.into_request() {
            None => continue,
            Some(Request::Connect(_)) => reply.connect = Some(ConnectResult::default()),
            Some(Request::Subscribe(subscribe)) => {
                reply.subscribe = Some(SubscribeResult::default());
                let mut hub = hub.lock().unwrap();
                hub.channels.entry(subscribe.channel).or_default().push(outgoing.clone());
            }
            Some(Request::Publish(publish)) => {
                match hub.lock().unwrap().publish(encoding, publish.channel, publish.data) {
                    true => reply.publish = Some(PublishResult::default()),
                    false => {
                        reply.error = Some(Error { code: 111, message: "too many requests".into(), temporary: true })
                    }
                }
            }
            Some(other) => panic!("the load generator sent {other:?}"),
        }
        outgoing.send(Outgoing::Frame(encode(encoding, &reply))).await.ok();
    }
}

impl Hub {
    fn publish(&mut self, encoding: Encoding, channel: String, data: Bytes) -> bool {
        let number = self.published;
        self.published += 1;
        if self.fault == Fault::Refuse(number) {
            return false;
        }
        let publication = Publication { data, ..Publication::default() };
        let push = Push { channel: channel.clone(), r#pub: Some(publication), ..Push::default() };
        let frame = encode(encoding, &Reply { push: Some(push), ..Reply::default() });
        let frames = match self.held.take() {
            Some(held) => vec![frame, held],
            None if self.fault == Fault::Swap(number) => {
                self.held = Some(frame);
                vec![]
            }
            None if self.fault == Fault::Repeat(number) => vec![frame.clone(), frame],
            None => vec![frame],
        };
        for (index, subscriber) in self.channels.entry(channel).or_default().iter().enumerate() {
            if index == 0 && self.fault == Fault::Drop(number) {
                continue;
            }
            if index == 0 && self.fault == Fault::Cut(number) {
                subscriber.try_send(Outgoing::Close(3008)).ok();
            }
            for frame in &frames {
                subscriber.try_send(Outgoing::Frame(frame.clone())).ok();
            }
        }
        true
    }
}

fn encode(encoding: Encoding, reply: &Reply) -> Bytes {
    let mut bytes = BytesMut::new();
    append_reply(encoding, reply, &mut bytes).unwrap();
    bytes.freeze()
}
