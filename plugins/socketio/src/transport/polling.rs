//! A client that polls: its posted bodies are packets, and its polls are answered with what waits.

use std::task::Poll;

use natter_node::realtime::DisconnectReason;
use natter_node::session::CloseKind;
use natter_node::transport::{Flushed, ReceiveError, Received, SendQueue};
use natter_protocol::engineio::payload::{Payload, encode};
use natter_protocol::engineio::{Frame, Revision};
use natter_protocol::wsframe::{self, Opcode};
use tokio::sync::oneshot;

use super::{EngineTransport, closed, kind_of};
use crate::link::{Posted, Stage, State};

impl EngineTransport {
    /// The next packet of the body that has been posted.
    pub(super) fn poll_body(&mut self, queue: &SendQueue) -> Poll<Result<Received, ReceiveError>> {
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
    pub(super) fn flush_poll(&mut self, queue: &mut SendQueue) -> Flushed {
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

    pub(super) fn noop(&self) -> Payload {
        let body = if self.link.revision == Revision::V3 { "1:6" } else { "6" };
        Payload { body: body.into(), is_binary: false }
    }
}

pub(super) fn answer(poll: oneshot::Sender<Payload>, payload: Payload) {
    // A request whose client is gone ends the session by itself.
    let _ = poll.send(payload);
}

/// Who waits for a body, and how it was taken.
type Answered = Option<(oneshot::Sender<Posted>, Posted)>;

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
