//! A session's way to its client: polling, a WebSocket, or the one while it goes over to the other.
//!
//! The connection's queue holds WebSocket frames whichever it is, so that what is sent to many is made once for all of
//! them, and nothing has to be made anew when a session goes over. Polling takes them apart again.

mod polling;
mod probe;
mod recovery;

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use natter_node::realtime::DisconnectReason;
use natter_node::session::{Close, CloseKind, Framing};
use natter_node::transport::{Flushed, ReceiveError, Received, Scratch, SendQueue, Transport, WebSocketTransport};
use natter_protocol::engineio::packet::text_frame;
use tokio::net::TcpStream;

use self::probe::{Probe, Step};
use crate::endpoint::Endpoint;
use crate::link::{Link, Offer, Stage};

/// No code at all, as Engine.IO closes WebSockets.
pub(crate) const NO_CODE: u16 = 1005;

/// The transport of one session.
pub(crate) struct EngineTransport {
    endpoint: Arc<Endpoint>,
    link: Arc<Link>,
    websocket: Option<WebSocketTransport>,
    /// Whether the WebSocket still has to prove itself.
    probe: Option<Probe>,
    payload_bytes_max: usize,
    /// Its end has been decided; whether the client may still fetch the goodbye.
    closing: Option<bool>,
    /// The last word to a client that polls; on its own, since a client that reads it looks at nothing else any more.
    goodbye: Option<Bytes>,
    /// What is being written, where what has been sent is kept for recovery.
    outgoing: SendQueue,
}

impl EngineTransport {
    /// A session that begins by polling.
    pub(crate) fn polling(endpoint: Arc<Endpoint>, link: Arc<Link>) -> Self {
        let payload_bytes_max = endpoint.options.load().payload_bytes_max;
        Self {
            endpoint,
            link,
            websocket: None,
            probe: None,
            payload_bytes_max,
            closing: None,
            goodbye: None,
            outgoing: SendQueue::default(),
        }
    }

    /// A session that begins with a WebSocket.
    pub(crate) fn websocket(endpoint: Arc<Endpoint>, link: Arc<Link>, offer: Offer) -> io::Result<Self> {
        // When the socket cannot be used, dropping this forgets the session.
        let mut transport = Self::polling(endpoint, link);
        transport.websocket = Some(transport.open(offer)?);
        Ok(transport)
    }

    fn open(&self, offer: Offer) -> io::Result<WebSocketTransport> {
        let stream = TcpStream::from_std(offer.stream)?;
        Ok(WebSocketTransport::new(stream, &offer.already_read, Framing::WebSocketText, self.payload_bytes_max))
    }

    fn is_websocket(&self) -> bool {
        self.websocket.is_some() && self.probe.is_none()
    }

    fn drop_websocket(&mut self, scratch: &mut Scratch) {
        if let Some(websocket) = &mut self.websocket {
            websocket.stash(scratch);
        }
        self.websocket = None;
        self.probe = None;
    }

    fn poll_websocket(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut Scratch,
        queue: &mut SendQueue,
    ) -> Poll<Result<Received, ReceiveError>> {
        let Some(websocket) = &mut self.websocket else { return Poll::Ready(Err(ReceiveError::Closed)) };
        let received = websocket.poll_message(cx, scratch, queue);
        let reason = match &received {
            Poll::Ready(Err(ReceiveError::Closed)) => DisconnectReason::TransportClose,
            Poll::Ready(Err(_)) => DisconnectReason::TransportError,
            _ => return received,
        };
        let is_lost = !matches!(received, Poll::Ready(Err(ReceiveError::Protocol(_))));
        if is_lost && self.closing.is_none() && self.link.park(reason) {
            self.drop_websocket(scratch);
            return Poll::Pending;
        }
        self.link.set_reason(reason);
        received
    }
}

fn kind_of(reason: DisconnectReason) -> CloseKind {
    match reason {
        DisconnectReason::PingTimeout => CloseKind::Idle,
        DisconnectReason::TransportClose | DisconnectReason::TransportError => CloseKind::Client,
        _ => CloseKind::Protocol,
    }
}

/// An end without a code.
pub(crate) fn closed(kind: CloseKind) -> Close {
    Close { code: NO_CODE, reason: "".into(), kind }
}

impl Transport for EngineTransport {
    fn framing(&self) -> Framing {
        Framing::WebSocketText
    }

    fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut Scratch,
        queue: &mut SendQueue,
    ) -> Poll<Result<Received, ReceiveError>> {
        self.look_at_link(cx, scratch);
        if self.closing.is_none() && self.parks() {
            self.drop_websocket(scratch);
            self.keep_all(queue);
            return Poll::Pending;
        }
        if self.probe.is_some() {
            match self.poll_probe(cx, scratch) {
                Step::Waits => {}
                step => self.end_probe(matches!(step, Step::Completed), cx, scratch),
            }
        }
        if self.is_websocket() {
            // What was posted before the last word of the upgrade comes first.
            if let Poll::Ready(received) = self.poll_body(queue) {
                return Poll::Ready(received);
            }
            return self.poll_websocket(cx, scratch, queue);
        }
        self.poll_body(queue)
    }

    fn stash(&mut self, scratch: &mut Scratch) {
        if let Some(websocket) = &mut self.websocket {
            websocket.stash(scratch);
        }
    }

    fn flush(&mut self, queue: &mut SendQueue, writes: &mut u64) -> io::Result<Flushed> {
        if self.link.replay.is_some() && self.link.stage() == Stage::Parked {
            while let Some(frames) = queue.pop() {
                self.note(&frames);
            }
            return Ok(Flushed::All);
        }
        match &mut self.websocket {
            Some(_) if self.probe.is_none() && self.link.replay.is_some() => {
                let flushed = self.flush_noted(queue, writes);
                let is_parked = flushed.is_err() && self.closing.is_none();
                if is_parked && self.link.park(DisconnectReason::TransportError) { Ok(Flushed::All) } else { flushed }
            }
            Some(websocket) if self.probe.is_none() => websocket.flush(queue, writes),
            _ => {
                *writes += 1;
                Ok(self.flush_poll(queue))
            }
        }
    }

    fn is_writable(&self) -> bool {
        self.is_websocket() || self.link.with(|state| state.poll.is_some())
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.websocket {
            Some(websocket) if self.probe.is_none() => websocket.poll_writable(cx),
            _ => self.link.with(|state| {
                state.waker = Some(cx.waker().clone());
                if state.poll.is_some() { Poll::Ready(Ok(())) } else { Poll::Pending }
            }),
        }
    }

    /// Engine.IO has pings of its own.
    fn queue_ping(&mut self, _queue: &mut SendQueue) {}

    fn queue_close(&mut self, close: &Close, queue: &mut SendQueue) {
        // A client that is not heard of any more, or that does what it must not, fetches no goodbye. One that has left
        // may have a poll on its way.
        let has_left = is_noop_enough(close, &self.link);
        let may_fetch = has_left || !matches!(close.kind, CloseKind::Client | CloseKind::Idle | CloseKind::Protocol);
        self.closing = Some(may_fetch);
        if !may_fetch || self.is_websocket() {
            self.endpoint.sessions.remove(&self.link.sid);
        }
        match &mut self.websocket {
            Some(websocket) if self.probe.is_none() => websocket.queue_close(close, queue),
            _ => {
                let goodbye = text_frame(if has_left { "6" } else { "1" });
                match may_fetch && !queue.is_empty() {
                    true => self.goodbye = Some(goodbye),
                    false => queue.push(goodbye),
                }
            }
        }
        self.link.with(|state| state.stage = if may_fetch { state.stage } else { Stage::Closed });
    }
}

/// A client that says goodbye is answered with nothing.
fn is_noop_enough(close: &Close, link: &Link) -> bool {
    close.kind == CloseKind::Client && link.reason() == DisconnectReason::TransportClose
}

impl Drop for EngineTransport {
    fn drop(&mut self) {
        self.endpoint.sessions.remove(&self.link.sid);
        self.link.with(|state| {
            state.stage = Stage::Closed;
            state.poll = None;
            state.body = None;
            state.posted = None;
            state.offered = None;
            state.waker = None;
        });
    }
}
