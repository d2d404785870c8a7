//! Events of the partner's own, to its sockets.

use natter_rest::Rejection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::errors::{ApiError, Code};
use crate::open_chat::OpenChat;

/// Characters of an event's name.
const EVENT_MAX: usize = 128;
/// Characters of a socket's id.
const SOCKET_ID_MAX: usize = 128;
/// Names that Socket.IO keeps to itself.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// `POST /v2/notify/all`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct NotifyAllBody {
    /// 1 to 128 characters; not a name that Socket.IO keeps to itself.
    #[schema(example = "shop:announcement")]
    event: String,
    /// What is sent.
    data: Map<String, Value>,
    /// Has to be the caller's, if given.
    username: Option<String>,
}

/// `POST /v2/notify/user`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct NotifyUserBody {
    /// The socket.
    socket_id: String,
    /// 1 to 128 characters; not a name that Socket.IO keeps to itself.
    #[schema(example = "order:update")]
    event: String,
    /// What is sent.
    data: Map<String, Value>,
    /// Has to be the caller's, if given.
    username: Option<String>,
}

/// An event that was sent to all.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NotifiedAll {
    pub(crate) event: String,
    /// Sockets that it was sent to.
    pub(crate) recipients: u64,
}

/// An event that was sent to one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NotifiedUser {
    pub(crate) event: String,
    pub(crate) socket_id: String,
}

impl OpenChat {
    /// Emits an event to all sockets of the partner.
    ///
    /// # Errors
    /// 1000, 4000, 4003.
    pub(crate) async fn notify_all(&self, caller: &Caller, body: NotifyAllBody) -> Result<NotifiedAll, ApiError> {
        caller.check_username(body.username.as_deref())?;
        caller.require_partner()?;
        check_event(&body.event)?;
        let recipients = self.sockets().notify_all(caller.tenant(), &body.event, &body.data).await;
        Ok(NotifiedAll { event: body.event, recipients })
    }

    /// Emits an event to one socket of the partner.
    ///
    /// # Errors
    /// 1000, 4000, 4003, 1004 when it has no such socket.
    pub(crate) async fn notify_user(&self, caller: &Caller, body: NotifyUserBody) -> Result<NotifiedUser, ApiError> {
        caller.check_username(body.username.as_deref())?;
        caller.require_partner()?;
        check_event(&body.event)?;
        if !(1..=SOCKET_ID_MAX).contains(&body.socket_id.chars().count()) {
            return Err(Rejection::invalid("socket_id", format!("must have 1 to {SOCKET_ID_MAX} characters")).into());
        }
        let told = self.sockets().notify_one(caller.tenant(), &body.socket_id, &body.event, &body.data).await;
        told.map_err(|_| ApiError::Refused(Code::NotFound, "Socket not found"))?;
        Ok(NotifiedUser { event: body.event, socket_id: body.socket_id })
    }
}

fn check_event(event: &str) -> Result<(), ApiError> {
    if !(1..=EVENT_MAX).contains(&event.chars().count()) {
        return Err(Rejection::invalid("event", format!("must have 1 to {EVENT_MAX} characters")).into());
    }
    if RESERVED.contains(&event) {
        return Err(Rejection::invalid("event", "is a name that Socket.IO keeps to itself").into());
    }
    Ok(())
}
