//! Who is calling: the layer around all routes that need a token.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use natter_chat::User;
use natter_core::{EntityId, TenantId};
use natter_rest::{Bearer, CallerScope, Rejection, reject};

use crate::chatify::Chatify;
use crate::errors::{ApiError, ChatifyDialect};

/// A user whose token has passed.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    tenant: TenantId,
    user: Arc<User>,
    session: EntityId,
}

impl Caller {
    pub(crate) fn new(tenant: TenantId, user: Arc<User>, session: EntityId) -> Self {
        Self { tenant, user, session }
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(crate) fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// The user's id in the domain.
    pub(crate) fn id(&self) -> &str {
        &self.user.id
    }

    /// The session that the token came of.
    pub(crate) fn session(&self) -> EntityId {
        self.session
    }
}

/// Lets a request through whose token is good.
pub(crate) async fn admit(State(chatify): State<Chatify>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match authenticate(&chatify, &mut parts).await {
        Ok(caller) => {
            let scope = CallerScope { tenant: caller.tenant.clone(), caller: format!("chatify:{}", caller.id()) };
            parts.extensions.insert(scope);
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => error.into_response(),
    }
}

async fn authenticate(chatify: &Chatify, parts: &mut Parts) -> Result<Caller, ApiError> {
    let Bearer(token, ..) = Bearer::<ChatifyDialect>::from_request_parts(parts, chatify).await?;
    Ok(chatify.caller(&token).await?)
}

impl FromRequestParts<Chatify> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _chatify: &Chatify) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let error = "a route stands outside of the layer that finds out who is calling";
            reject::<ChatifyDialect>(&Rejection::internal(&error))
        })
    }
}
