//! The real-time half: Centrifugo's protocol, as far as somebody who follows a channel needs it.

use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use natter_protocol::centrifuge::framing::{Encoding, append_reply, decode_commands};
use natter_protocol::centrifuge::request::Request;
use natter_protocol::centrifuge::schema::{ConnectResult, Publication, Push, Reply, SubscribeRequest, SubscribeResult};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Sender, channel};
use tokio_tungstenite::tungstenite::Message;

use super::state::State;

const EPOCH: &str = "standin";

pub(super) async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
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
            let mut reply = Reply { id: command.id, ..Reply::default() };
            let mut state = state.lock().unwrap();
            match command.into_request() {
                Some(Request::Connect(_)) => reply.connect = Some(ConnectResult::default()),
                Some(Request::Subscribe(subscribe)) => {
                    reply.subscribe = Some(subscribed(&mut state, &subscribe, &outgoing));
                }
                _ => continue,
            }
            outgoing.try_send(encode(&reply)).ok();
        }
    }
}

fn subscribed(state: &mut State, request: &SubscribeRequest, outgoing: &Sender<Bytes>) -> SubscribeResult {
    let (events, top) = state.subscribe(&request.channel, request.offset as usize, outgoing);
    let recovered = request.recover && events.len() < 1000;
    let publication = |(index, data): (usize, &Bytes)| {
        let offset = request.offset + index as u64 + 1;
        Publication { data: data.clone(), offset, ..Publication::default() }
    };
    SubscribeResult {
        recoverable: true,
        was_recovering: request.recover,
        recovered,
        offset: if recovered { request.offset } else { top },
        publications: if recovered { events.iter().enumerate().map(publication).collect() } else { Vec::new() },
        epoch: EPOCH.into(),
        ..SubscribeResult::default()
    }
}

/// An event as its subscribers get it.
pub(super) fn push(channel: &str, offset: u64, data: Bytes) -> Bytes {
    let publication = Publication { data, offset, ..Publication::default() };
    let push = Push { channel: channel.to_owned(), r#pub: Some(publication), ..Push::default() };
    encode(&Reply { push: Some(push), ..Reply::default() })
}

fn encode(reply: &Reply) -> Bytes {
    let mut bytes = BytesMut::new();
    append_reply(Encoding::Json, reply, &mut bytes).unwrap();
    bytes.freeze()
}
