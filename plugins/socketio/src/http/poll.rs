//! A poll: held until there is something to say.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use natter_node::realtime::DisconnectReason;

use super::answer::{self, Fault};
use crate::endpoint::Endpoint;
use crate::link::{Link, Stage};

/// How long a poll waits for an upgrade that is under way.
const UPGRADE_GRACE: Duration = Duration::from_millis(20);

/// Holds a poll. A second one at the same time is refused and ends the session, and so does a client that hangs up.
pub(super) async fn poll(endpoint: &Arc<Endpoint>, link: Arc<Link>) -> Result<Response<Body>, Fault> {
    if link.stage() == Stage::Upgrading {
        // The last word of the upgrade may be on its way; a client that is going over is in no hurry to poll.
        tokio::time::sleep(UPGRADE_GRACE).await;
        if link.stage() == Stage::WebSocket {
            return Err(Fault::BadRequest);
        }
    }
    let Ok(answered) = link.poll() else { return Ok(answer::empty(StatusCode::BAD_REQUEST)) };
    let mut held = Held { link: &link, is_answered: false };
    let payload = answered.await;
    held.is_answered = true;
    match payload {
        Ok(payload) => Ok(answer::payload(&link, payload)),
        // The session has ended, and had nothing more to say.
        Err(_) => {
            endpoint.sessions.remove(&link.sid);
            Err(Fault::UnknownSession)
        }
    }
}

/// Ends the session when the request is dropped, which is how a client shows that it has hung up.
struct Held<'a> {
    link: &'a Link,
    is_answered: bool,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.link.fail(DisconnectReason::TransportError);
        }
    }
}
