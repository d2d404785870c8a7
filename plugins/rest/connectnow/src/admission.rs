//! Who is calling: the layer around all routes.
//!
//! A token stands in `Authorization`, in the query or in the body, so the body is read here, within its bound, and handed
//! on as fields and as it came. Routes decide what they need; here nobody is refused.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use natter_rest::{CallerScope, Query, Rejection, read_body, reject};
use serde::Deserialize;

use crate::caller::Caller;
use crate::connect_now::ConnectNow;
use crate::errors::{ApiError, ConnectNowDialect};
use crate::fields::Fields;

/// Tokens in the query.
#[derive(Default, Deserialize)]
struct Tokens {
    api_token: Option<String>,
    chat_user_token: Option<String>,
}

/// What the body says, or why it says nothing. Who is calling is looked at first, so a route asks for it when it is due.
#[derive(Clone)]
pub(crate) struct Sent(Arc<Result<Fields, Rejection>>);

impl Sent {
    /// The fields.
    ///
    /// # Errors
    /// The body is not what its content type says.
    pub(crate) fn fields(&self) -> Result<&Fields, ApiError> {
        self.0.as_ref().as_ref().map_err(|rejection| rejection.clone().into())
    }
}

/// Finds out who is calling and what the body says.
pub(crate) async fn admit(State(connect_now): State<ConnectNow>, request: Request, next: Next) -> Response {
    match admitted(&connect_now, request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn admitted(connect_now: &ConnectNow, request: Request) -> Result<Request, ApiError> {
    let (mut parts, body) = request.into_parts();
    let bytes = read_body(Request::from_parts(parts.clone(), body)).await?;
    let fields = Fields::read(parts.clone(), bytes.clone()).await;
    let caller = caller(connect_now, &mut parts, fields.as_ref().ok()).await?;
    if let Some(caller) = caller.label() {
        parts.extensions.insert(CallerScope { tenant: connect_now.tenant(), caller });
    }
    parts.extensions.insert(caller);
    parts.extensions.insert(Sent(Arc::new(fields)));
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Looks for both kinds of tokens: in the header, then in the query, then in the body.
async fn caller(connect_now: &ConnectNow, parts: &mut Parts, fields: Option<&Fields>) -> Result<Caller, ApiError> {
    let query = Query::<Tokens, ConnectNowDialect>::from_request_parts(parts, &()).await;
    let query = query.map(|query| query.0).unwrap_or_default();
    let in_body = |name| fields.and_then(|fields| fields.token(name));
    let header = bearer(&parts.headers);
    let mut caller = Caller::default();
    for token in [header, query.api_token.as_deref(), in_body("api_token")].into_iter().flatten() {
        if caller.api_user.is_none() {
            let (users, tenant) = (connect_now.api_users(), connect_now.tenant());
            caller.api_user = users.find(connect_now.store(), &tenant, token).await?;
        }
    }
    for token in [header, query.chat_user_token.as_deref(), in_body("chat_user_token")].into_iter().flatten() {
        if caller.visitor.is_none() {
            caller.visitor = connect_now.visitor_of(token).await?;
        }
    }
    Ok(caller)
}

/// The text of `Authorization: Bearer <token>`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

impl FromRequestParts<ConnectNow> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &ConnectNow) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(outside)
    }
}

impl FromRequestParts<ConnectNow> for Sent {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &ConnectNow) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(outside)
    }
}

fn outside() -> Response {
    reject::<ConnectNowDialect>(&Rejection::internal(&"a route stands outside of the layer that finds out who calls"))
}
