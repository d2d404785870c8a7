//! A session's way to its client: polling, a WebSocket, or the one while it goes over to the other.
//!
//! The connection's queue holds WebSocket frames whichever it is, so that what is sent to many is made once for all of
//! them, and nothing has to be made anew when a session goes over. Polling takes them apart again.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use natter_node::realtime::DisconnectReason;
use natter_node::session::{Close, CloseKind, Framing};
use natter_node::transport::{Flushed, ReceiveError, Received, Scratch, SendQueue, Transport, WebSocketTransport};
use natter_protocol::engineio::packet::text_frame;
use natter_protocol::engineio::payload::{Payload, encode};
use natter_protocol::engineio::{Frame, Revision};
use natter_protocol::wsframe::{self, Opcode};
use tokio::net::TcpStream;

use crate::endpoint::Endpoint;
use crate::link::{Link, Offer, Posted, Stage, State};

/// Frames that are on their way to a socket at once where they are noted.
const FRAMES_PER_WRITE: usize = 64;
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

/// A WebSocket that has not taken over yet.
#[derive(Default)]
struct Probe {
    queue: SendQueue,
    has_probed: bool,
}

/// How a probe goes on.
enum Step {
    Waits,
    Completed,
    Failed,
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

    /// Takes what the requests have left: a new WebSocket, or the end of one that has not taken over in time.
    fn look_at_link(&mut self, cx: &Context<'_>, scratch: &mut Scratch) {
        let (stage, offered) = self.link.with(|state| {
            if state.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
                state.waker = Some(cx.waker().clone());
            }
            (state.stage, state.offered.take())
        });
        if self.probe.is_some() && stage == Stage::Polling {
            self.drop_websocket(scratch);
        }
        if let Some(offer) = offered {
            // A socket that cannot be used is as good as one that does not prove itself.
            self.websocket = self.open(offer).ok();
            self.probe = self.websocket.is_some().then(Probe::default);
        }
    }

    fn drop_websocket(&mut self, scratch: &mut Scratch) {
        if let Some(websocket) = &mut self.websocket {
            websocket.stash(scratch);
        }
        self.websocket = None;
        self.probe = None;
    }

    fn poll_probe(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Step {
        let (Some(websocket), Some(probe)) = (&mut self.websocket, &mut self.probe) else { return Step::Waits };
        loop {
            let message = match websocket.poll_message(cx, scratch, &mut probe.queue) {
                Poll::Pending => break,
                Poll::Ready(message) => message,
            };
            match message {
                Ok(Received::Message(text)) if &text[..] == b"2probe" && !probe.has_probed => {
                    probe.has_probed = true;
                    probe.queue.push(text_frame("3probe"));
                }
                Ok(Received::Message(text)) if &text[..] == b"5" && probe.has_probed => return Step::Completed,
                Ok(Received::Pong) => {}
                _ => return Step::Failed,
            }
        }
        match websocket.flush(&mut probe.queue, &mut 0) {
            Ok(Flushed::All) => Step::Waits,
            // The few bytes of a probe do not fill a socket whose client reads.
            Ok(Flushed::Blocked) | Err(_) => Step::Failed,
        }
    }

    /// Lets the WebSocket take over, or drops it.
    fn end_probe(&mut self, is_completed: bool, cx: &Context<'_>, scratch: &mut Scratch) {
        if !is_completed {
            self.drop_websocket(scratch);
            self.link.with(|state| state.stage = Stage::Polling);
            return;
        }
        self.probe = None;
        let poll = self.link.with(|state| {
            state.stage = Stage::WebSocket;
            state.poll.take()
        });
        if let Some(poll) = poll {
            answer(poll, self.noop());
        }
        // What has waited for a poll can be written now.
        cx.waker().wake_by_ref();
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

    /// The next packet of the body that has been posted.
    fn poll_body(&mut self, queue: &SendQueue) -> Poll<Result<Received, ReceiveError>> {
        let is_over = !self.is_websocket() && self.closing.is_some_and(|may_fetch| !may_fetch || self.is_silent(queue));
        let noop = self.noop();
        let (next, answered) = self.link.with(|state| {
            if is_over {
                return (Poll::Ready(Err(ReceiveError::Closed)), None);
            }
            if state.stage == Stage::Upgrading
                && queue.is_empty()
                && let Some(poll) = state.poll.take()
            {
                // The client waits for its poll to end before it goes over.
                answer(poll, noop);
            }
            next_of_body(state)
        });
        if let Some((answer, posted)) = answered {
            if posted == Posted::Malformed {
                // Whoever hears of it finds the session gone.
                self.endpoint.sessions.remove(&self.link.sid);
            }
            // A request whose client is gone ends the session by itself.
            let _ = answer.send(posted);
        }
        next
    }

    /// Whether there is nothing more to say.
    fn is_silent(&self, queue: &SendQueue) -> bool {
        queue.is_empty() && self.goodbye.is_none()
    }

    /// Answers a poll with everything that waits.
    fn flush_poll(&mut self, queue: &mut SendQueue) -> Flushed {
        if self.is_silent(queue) {
            return Flushed::All;
        }
        let Some(poll) = self.link.with(|state| state.poll.take()) else { return Flushed::Blocked };
        if queue.is_empty()
            && let Some(goodbye) = self.goodbye.take()
        {
            queue.push(goodbye);
        }
        if self.closing.is_some() && self.goodbye.is_none() {
            self.endpoint.sessions.remove(&self.link.sid);
        }
        let mut frames = Vec::new();
        while let Some(mut several) = queue.pop() {
            self.note(&several);
            while let Some((opcode, payload)) = wsframe::take_frame(&mut several) {
                match opcode {
                    opcode if opcode == Opcode::Text as u8 => frames.push(Frame::Text(payload)),
                    _ => frames.push(Frame::Binary(payload)),
                }
            }
        }
        answer(poll, encode(self.link.revision, self.link.has_binary, &frames));
        if self.goodbye.is_none() { Flushed::All } else { Flushed::Blocked }
    }

    /// Whether the client is lost and may come back. Its requests are let go.
    fn parks(&mut self) -> bool {
        if self.link.replay.is_none() {
            return false;
        }
        let failure = self.link.with(|state| state.failure);
        let is_parked = match failure {
            Some(reason) => self.link.park(reason),
            None => self.link.stage() == Stage::Parked,
        };
        if is_parked {
            let noop = self.noop();
            self.link.with(|state| {
                (state.failure, state.body, state.posted) = (None, None, None);
                if let Some(poll) = state.poll.take() {
                    answer(poll, noop);
                }
            });
            self.endpoint.sessions.remove(&self.link.sid);
        }
        is_parked
    }

    /// Notes what leaves the queue, for recovery.
    fn note(&self, frames: &Bytes) {
        if let Some(replay) = &self.link.replay {
            replay.lock().push(frames);
        }
    }

    /// Notes everything that waits for a client that is lost, and says so to a session that asked for it.
    fn keep_all(&self, queue: &mut SendQueue) {
        while let Some(frames) = queue.pop() {
            self.note(&frames);
        }
        self.link.synced();
    }

    /// Writes to the WebSocket what leaves the queue, a few frames at a time.
    fn flush_noted(&mut self, queue: &mut SendQueue, writes: &mut u64) -> io::Result<Flushed> {
        loop {
            if self.outgoing.is_empty() {
                for _ in 0..FRAMES_PER_WRITE {
                    let Some(frames) = queue.pop() else { break };
                    self.note(&frames);
                    self.outgoing.push(frames);
                }
            }
            let Some(websocket) = self.websocket.as_mut().filter(|_| !self.outgoing.is_empty()) else {
                return Ok(Flushed::All);
            };
            if websocket.flush(&mut self.outgoing, writes)? == Flushed::Blocked {
                return Ok(Flushed::Blocked);
            }
        }
    }

    fn noop(&self) -> Payload {
        let body = if self.link.revision == Revision::V3 { "1:6" } else { "6" };
        Payload { body: body.into(), is_binary: false }
    }
}

fn answer(poll: tokio::sync::oneshot::Sender<Payload>, payload: Payload) {
    // A request whose client is gone ends the session by itself.
    let _ = poll.send(payload);
}

/// Who waits for a body, and how it was taken.
type Answered = Option<(tokio::sync::oneshot::Sender<Posted>, Posted)>;

/// The next packet; and when there is none left, who is to be told.
fn next_of_body(state: &mut State) -> (Poll<Result<Received, ReceiveError>>, Answered) {
    if let Some(reason) = state.failure.take() {
        state.reason.get_or_insert(reason);
        return (Poll::Ready(Err(ReceiveError::Protocol(closed(kind_of(reason))))), None);
    }
    let posted = match state.body.as_mut().map(Iterator::next) {
        None => return (Poll::Pending, None),
        Some(Some(Ok(Frame::Text(text)))) => return (Poll::Ready(Ok(Received::Message(text))), None),
        Some(Some(Ok(Frame::Binary(bytes)))) => return (Poll::Ready(Ok(Received::Binary(bytes))), None),
        Some(Some(Err(_))) => Posted::Malformed,
        Some(None) => Posted::Handled,
    };
    state.body = None;
    let answered = state.posted.take().map(|answer| (answer, posted));
    if posted == Posted::Handled {
        return (Poll::Pending, answered);
    }
    state.reason.get_or_insert(DisconnectReason::ParseError);
    (Poll::Ready(Err(ReceiveError::Protocol(closed(CloseKind::Protocol)))), answered)
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
