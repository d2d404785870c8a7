//! What clients send.

use natter_node::auth::TokenError;
use natter_node::realtime::{Args, Socket};
use natter_rest::{Rejection, Unauthorized};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sockets::SocketLogin;
use crate::admission::Caller;
use crate::chatify::{Admitted, Chatify};
use crate::envelope::{Done, Failure, Success};
use crate::errors::ApiError;
use crate::messages::required;
use crate::views::SenderView;

/// `typing`.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct TypingEvent {
    /// The conversation.
    #[schema(required = true)]
    convo_id: Option<String>,
}

/// `auth`.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct AuthEvent {
    /// Of the same user.
    #[schema(required = true)]
    token: Option<String>,
}

/// `typing`, as the other one gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct TypingView {
    /// The conversation.
    pub(super) conversation: String,
    /// Who types.
    pub(super) user: SenderView,
}

impl Chatify {
    /// A socket's user types.
    pub(super) async fn on_typing(&self, socket: Socket, event: Option<TypingEvent>) -> Option<Args> {
        Some(acknowledged(self.pass_typing_on(&socket, event.unwrap_or_default()).await))
    }

    async fn pass_typing_on(&self, socket: &Socket, event: TypingEvent) -> Result<(), ApiError> {
        let convo_id = required("convo_id", event.convo_id)?;
        let login = socket.state::<SocketLogin>().ok_or(ApiError::NO_USER)?;
        if !login.may_type(self.now_ms()) {
            return Ok(());
        }
        let (tenant, session) = (socket.tenant().id().clone(), login.session());
        let user = self.chat().user(&tenant, socket.user()).await?.ok_or(ApiError::NO_USER)?;
        self.typing(&Caller::new(tenant, user, session), &convo_id).await
    }

    /// A socket shows another token of its user.
    pub(super) async fn on_auth(&self, socket: Socket, event: Option<AuthEvent>) -> Option<Args> {
        Some(acknowledged(self.renew(&socket, event.unwrap_or_default()).await))
    }

    async fn renew(&self, socket: &Socket, event: AuthEvent) -> Result<(), ApiError> {
        let token = required("token", event.token)?;
        let invalid = || Rejection::Unauthorized(Unauthorized::TokenInvalid("issuer"));
        let admitted = self.admit(&token).await.ok_or_else(invalid)?;
        let Admitted { tenant, user, shown } = admitted.map_err(|error: TokenError| Rejection::from(error))?;
        let is_own = tenant.id() == socket.tenant().id() && user.id == **socket.user();
        let login = socket.state::<SocketLogin>().filter(|_| is_own).ok_or_else(invalid)?;
        login.renew(&shown);
        // The session may have ended after the look at it and before the socket was its own.
        if !self.accounts().is_open(tenant.id(), &user.id, shown.session).await? {
            socket.disconnect(true);
            return Err(invalid().into());
        }
        Ok(())
    }
}

fn acknowledged(result: Result<(), ApiError>) -> Args {
    match result {
        Ok(()) => Args::one(&Success::new(Done {})),
        Err(error) => Args::one(&Failure::new(error.message())),
    }
}
