//! A WebSocket that has been opened beside the polls and has to prove itself before it takes over (Engine.IO, "Upgrade").

use std::task::{Context, Poll};

use natter_node::transport::{Flushed, Received, Scratch, SendQueue, Transport};
use natter_protocol::engineio::packet::text_frame;

use super::EngineTransport;
use super::polling::answer;
use crate::link::Stage;

/// A WebSocket that has not taken over yet.
#[derive(Default)]
pub(super) struct Probe {
    queue: SendQueue,
    has_probed: bool,
}

/// How a probe goes on.
pub(super) enum Step {
    Waits,
    Completed,
    Failed,
}

impl EngineTransport {
    /// Takes what the requests have left: a new WebSocket, or the end of one that has not taken over in time.
    pub(super) fn look_at_link(&mut self, cx: &Context<'_>, scratch: &mut Scratch) {
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

    pub(super) fn poll_probe(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Step {
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
    pub(super) fn end_probe(&mut self, is_completed: bool, cx: &Context<'_>, scratch: &mut Scratch) {
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
}
