//! What waits for a durable channel's log to be opened.

use crate::input::Request;

/// Requests that may wait.
const WAITING_MAX: usize = 4_096;
/// Payload that may wait.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Requests that came before the log was open, in order.
#[derive(Debug)]
pub(crate) struct Opening<R> {
    requests: Vec<Request<R>>,
    bytes: usize,
}

impl<R> Opening<R> {
    pub(crate) fn new() -> Self {
        Self { requests: Vec::new(), bytes: 0 }
    }

    /// Keeps a request; gives it back when too much waits already.
    ///
    /// Nobody is attached yet, so whoever departs or changes what presence shows of it was attached to an earlier
    /// life of the channel: there is nothing to do for it.
    pub(crate) fn wait(&mut self, request: Request<R>) -> Result<(), Request<R>> {
        if matches!(request, Request::Unsubscribe { .. } | Request::UpdatePresence { .. }) {
            return Ok(());
        }
        if self.requests.len() >= WAITING_MAX || self.bytes >= WAITING_BYTES_MAX {
            return Err(request);
        }
        if let Request::Publish { draft, .. } = &request {
            self.bytes += draft.data.len();
        }
        self.requests.push(request);
        Ok(())
    }

    pub(crate) fn into_requests(self) -> Vec<Request<R>> {
        self.requests
    }
}
