//! Writing replies and pushes into the frame that is being made.

use natter_core::Refusal;
use natter_node::session::{Close, SessionOut};
use natter_protocol::centrifuge::codes::ClientError;
use natter_protocol::centrifuge::framing::append_reply;
use natter_protocol::centrifuge::schema::{Push, Reply};

use super::{ClientSession, inexpressible};

impl ClientSession {
    /// Writes a reply. A JSON connection that is to be sent what is no JSON is closed with 3506 (section 2).
    pub(super) fn reply(&self, reply: &Reply, out: &mut SessionOut<'_>) -> Result<(), Close> {
        append_reply(self.transport.encoding, reply, out.payload()).map_err(|_| inexpressible())
    }

    /// Answers a command with an error.
    pub(super) fn refuse(&self, id: u32, error: ClientError, out: &mut SessionOut<'_>) -> Result<(), Close> {
        crate::metrics::reply_error(error.code);
        self.reply(&Reply { id, error: Some(error.into()), ..Reply::default() }, out)
    }

    /// Writes a push.
    pub(super) fn push(&self, push: Push, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.reply(&Reply { push: Some(push), ..Reply::default() }, out)
    }
}

/// What a client is told of a shard's refusal (section 5.1).
pub(super) fn client_error(refusal: Refusal) -> ClientError {
    match refusal {
        Refusal::Busy => ClientError::TOO_MANY_REQUESTS,
        Refusal::StoreUnavailable { .. } => ClientError::INTERNAL,
        Refusal::NotAvailable => ClientError::NOT_AVAILABLE,
        Refusal::UnrecoverablePosition => ClientError::UNRECOVERABLE_POSITION,
        Refusal::BadRequest => ClientError::BAD_REQUEST,
        Refusal::TooManyChannels | Refusal::TooManySubscribers | Refusal::TooManyKeys => ClientError::LIMIT_EXCEEDED,
    }
}
