//! What is kept for a client that is lost and may come back (Socket.IO, "Connection state recovery").

use std::io;

use bytes::Bytes;
use natter_node::transport::{Flushed, SendQueue, Transport};

use super::EngineTransport;
use super::polling::answer;
use crate::link::Stage;

/// Frames that are on their way to a socket at once where they are noted.
const FRAMES_PER_WRITE: usize = 64;

impl EngineTransport {
    /// Whether the client is lost and may come back. Its requests are let go.
    pub(super) fn parks(&mut self) -> bool {
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
    pub(super) fn note(&self, frames: &Bytes) {
        if let Some(replay) = &self.link.replay {
            replay.lock().push(frames);
        }
    }

    /// Notes everything that waits for a client that is lost, and says so to a session that asked for it.
    pub(super) fn keep_all(&self, queue: &mut SendQueue) {
        while let Some(frames) = queue.pop() {
            self.note(&frames);
        }
        self.link.synced();
    }

    /// Writes to the WebSocket what leaves the queue, a few frames at a time.
    pub(super) fn flush_noted(&mut self, queue: &mut SendQueue, writes: &mut u64) -> io::Result<Flushed> {
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
}
