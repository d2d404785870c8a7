//! A WebSocket for a session that polls.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use natter_node::upgrade::take_stream;

use super::answer::Fault;
use crate::endpoint::Endpoint;
use crate::link::{Link, Offer};

/// The goodbye of a WebSocket that is not wanted (RFC 6455 section 5.5.1), without a status.
const CLOSE_FRAME: [u8; 2] = [0x88, 0];

/// Takes the WebSocket on; the session goes over to it once it has proved itself, and in time. One that is not needed any
/// more is closed as soon as it is open, which is what clients look for.
pub(super) fn upgrade(
    endpoint: &Arc<Endpoint>,
    link: Arc<Link>,
    mut request: Request<Body>,
) -> Result<Response<Body>, Fault> {
    let Some(number) = link.begin_upgrade() else {
        return Ok(take_stream(&endpoint.broker, &mut request, None, |mut stream, _| {
            // It goes one way or the other.
            let _ = stream.write_all(&CLOSE_FRAME);
        }));
    };
    let time = Duration::from_millis(endpoint.options.load().upgrade_timeout_ms);
    let late_link = Arc::clone(&link);
    endpoint.broker.runtime().spawn(async move {
        tokio::time::sleep(time).await;
        late_link.abort_upgrade(number);
    });
    Ok(take_stream(&endpoint.broker, &mut request, None, move |stream, already_read| {
        link.offer(Offer { stream, already_read });
    }))
}
