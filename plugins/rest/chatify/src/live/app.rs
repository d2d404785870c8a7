//! The API's part of the namespace `/`: clients whose token is one of ours.

use std::any::Any;
use std::sync::Arc;

use natter_node::auth::TokenError;
use natter_node::realtime::{App, Attempt, Identity, Refused, Socket, Verdict};
use serde_json::json;

use super::render::MessageRender;
use super::sockets::SocketLogin;
use crate::chatify::{Admitted, Chatify};

impl Chatify {
    /// What its sockets see and may do; to be registered before the app that takes all users of tenants.
    pub fn app(&self) -> App {
        let (decides, connects, leaves) = (self.clone(), self.clone(), self.clone());
        let (types, renews, recovers) = (self.clone(), self.clone(), self.clone());
        let decide = move |attempt: Attempt| {
            let chatify = decides.clone();
            async move { chatify.decide(attempt).await }
        };
        App::new("chatify", "/", decide)
            .rendered_by(MessageRender { chat: self.chat().clone() })
            .on_connecting(move |socket| {
                let chatify = connects.clone();
                async move { chatify.connecting(&socket).await }
            })
            .on_connected(move |socket| {
                let chatify = recovers.clone();
                async move { chatify.recovered(&socket).await }
            })
            .on_disconnected(move |socket, _reason| {
                leaves.live().remove(&socket);
                leaves.chat().detach_socket(&socket);
                async {}
            })
            .on("typing", move |socket, (event,)| {
                let chatify = types.clone();
                async move { chatify.on_typing(socket, event).await }
            })
            .on("auth", move |socket, (event,)| {
                let chatify = renews.clone();
                async move { chatify.on_auth(socket, event).await }
            })
    }

    async fn decide(&self, attempt: Attempt) -> Verdict {
        let Some(token) = attempt.token() else { return Verdict::NotMine };
        match self.admit(&token).await {
            None => Verdict::NotMine,
            Some(Ok(Admitted { tenant, user, shown })) => {
                let state = Arc::new(SocketLogin::new(&shown)) as Arc<dyn Any + Send + Sync>;
                Verdict::Accepted(Identity { tenant, user: user.id.as_str().into(), state })
            }
            Some(Err(error)) => Verdict::Refused(refused(error)),
        }
    }

    /// A socket that goes on where an earlier connection was lost has not been asked about in [`Self::connecting`].
    async fn recovered(&self, socket: &Socket) {
        if socket.is_recovered() && self.connecting(socket).await.is_err() {
            socket.disconnect(true);
        }
    }

    /// Follows the user's channels, and makes sure that the session has not ended meanwhile.
    async fn connecting(&self, socket: &Socket) -> Result<(), Refused> {
        let attached = self.chat().attach_socket(socket).await;
        attached.map_err(|_| refused(TokenError::KeysUnavailable))?;
        self.live().add(socket);
        let Some(login) = socket.state::<SocketLogin>() else { return Ok(()) };
        match self.accounts().is_open(socket.tenant().id(), socket.user(), login.session()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused(TokenError::Invalid(natter_node::auth::InvalidReason::Claims))),
            Err(_) => Err(refused(TokenError::KeysUnavailable)),
        }
    }
}

fn refused(error: TokenError) -> Refused {
    let (message, code) = match error {
        TokenError::Expired => ("token expired", "token_expired"),
        TokenError::Invalid(_) => ("invalid token", "token_invalid"),
        TokenError::KeysUnavailable => ("try again later", "unavailable"),
    };
    Refused::new(message).with_data(&json!({ "code": code }))
}
