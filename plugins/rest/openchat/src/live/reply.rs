//! What a client is answered: the envelope of the REST API, as an acknowledgement, or as an `error` event when something
//! failed and nobody waits for an acknowledgement.

use natter_node::realtime::{Args, Socket};
use serde::Serialize;
use serde_json::Value;

use crate::envelope::Envelope;
use crate::errors::ApiError;

/// The event that tells of a failure.
const ERROR: &str = "error";

/// What went well.
pub(super) struct Reply {
    message: &'static str,
    data: Value,
}

impl Reply {
    /// With a message for people, and what was asked for.
    pub(super) fn new(message: &'static str, data: impl Serialize) -> Self {
        // Views of structs and texts always have a JSON form.
        Self { message, data: serde_json::to_value(data).unwrap_or_default() }
    }
}

/// The acknowledgement, if the client wants one.
pub(super) fn answer(socket: &Socket, wants_ack: bool, result: Result<Reply, ApiError>) -> Option<Args> {
    match (result, wants_ack) {
        (Ok(Reply { message, data }), true) => Some(Args::one(&Envelope::new(message, data))),
        (Ok(_), false) => None,
        (Err(error), true) => Some(Args::one(&error.failure())),
        (Err(error), false) => {
            // A socket that is gone needs no answer.
            let _ = socket.emit(ERROR, &Args::one(&error.failure()));
            None
        }
    }
}
