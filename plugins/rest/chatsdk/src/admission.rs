//! Who is calling, and whether they may call once more: the layers around the routes.
//!
//! Every answer of a route says where its caller stands (`X-RateLimit-…`), refusals included. A key that is wrong and a
//! call without one count for the address that they come from, so that keys cannot be tried out.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use natter_chat::{ChatError, User};
use natter_core::TenantId;
use natter_node::auth::TokenPurpose;
use natter_node::tenant::Tenant;
use natter_rest::{Bearer, CallerScope, Rejection, Unauthorized, reject};

use crate::api::Api;
use crate::errors::ChatSdk;
use crate::limits::{self, Call};

const API_KEY: &str = "x-api-key";
/// The route whose calls have a limit of their own.
const MESSAGES: &str = "/api/channels/{channelId}/messages";

/// A user who calls with an API key and a token.
#[derive(Clone)]
pub(crate) struct Caller {
    tenant: Arc<Tenant>,
    user: Arc<User>,
}

impl Caller {
    pub(crate) fn tenant(&self) -> &TenantId {
        self.tenant.id()
    }

    /// The user's id.
    pub(crate) fn id(&self) -> &str {
        &self.user.id
    }
}

/// A tenant's backend, which calls with an API key alone.
#[derive(Clone)]
pub(crate) struct Backend(pub(crate) Arc<Tenant>);

impl Backend {
    pub(crate) fn tenant(&self) -> &TenantId {
        self.0.id()
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unadmitted)
    }
}

impl FromRequestParts<Api> for Backend {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unadmitted)
    }
}

fn unadmitted() -> Response {
    reject::<ChatSdk>(&Rejection::internal(&"a route stands outside of the layer that finds out who is calling"))
}

/// The layer of `/tokens`: an API key, counted by address.
pub(crate) async fn admit_token_call(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let tenant = api.rest().callers().tenant_of_key(&parts.headers);
    let call = Call::Token(api.rest().client_address(&parts));
    let rate = limits::count(&api, tenant.as_ref().ok(), call);
    let admitted = rate.check().and(tenant).map(|tenant| parts.extensions.insert(Backend(tenant)));
    let mut response = match admitted {
        Ok(_) => next.run(Request::from_parts(parts, body)).await,
        Err(rejection) => reject::<ChatSdk>(&rejection),
    };
    rate.write(response.headers_mut());
    response
}

/// The layer of what a tenant's backend calls: an API key, which is counted.
pub(crate) async fn admit_backend(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let tenant = api.rest().callers().tenant_of_key(&parts.headers);
    let rate = limits::count(&api, tenant.as_ref().ok(), keyed(&api, &parts, tenant.is_ok()));
    let admitted = rate.check().and(tenant).map(|tenant| {
        parts.extensions.insert(CallerScope { tenant: tenant.id().clone(), caller: "key".to_owned() });
        parts.extensions.insert(Backend(tenant));
    });
    let mut response = match admitted {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(rejection) => reject::<ChatSdk>(&rejection),
    };
    rate.write(response.headers_mut());
    response
}

/// The layer of what users call: an API key, which is counted, and a token. Messages are counted by user instead.
pub(crate) async fn admit_user(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let tenant = api.rest().callers().tenant_of_key(&parts.headers);
    let caller = match &tenant {
        Ok(tenant) => authenticate(&api, tenant, &mut parts).await,
        Err(rejection) => Err(rejection.clone()),
    };
    let call = match &caller {
        Ok(caller) if is_message(&parts) => Call::Message(caller.id()),
        _ => keyed(&api, &parts, tenant.is_ok()),
    };
    let rate = limits::count(&api, tenant.as_ref().ok(), call);
    let admitted = rate.check().and(caller).map(|caller| {
        let scope = CallerScope { tenant: caller.tenant().clone(), caller: format!("user:{}", caller.id()) };
        parts.extensions.insert(scope);
        parts.extensions.insert(caller);
    });
    let mut response = match admitted {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(rejection) => reject::<ChatSdk>(&rejection),
    };
    rate.write(response.headers_mut());
    response
}

/// Around everything: answers of no route (unknown paths, wrong methods) and of public ones are counted too.
pub(crate) async fn show_rate(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let (key, address) = (parts.headers.get(API_KEY).cloned(), api.rest().client_address(&parts));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if !response.headers().contains_key("x-ratelimit-limit") {
        let key = key.as_ref().and_then(|key| key.to_str().ok());
        let tenant = key.and_then(|key| api.rest().callers().tenants().by_api_key(key));
        let call = key.filter(|_| tenant.is_some()).map_or(Call::Unknown(address), Call::Keyed);
        limits::count(&api, tenant.as_ref(), call).write(response.headers_mut());
    }
    response
}

/// The call of a key that is known, else of the address.
fn keyed<'a>(api: &Api, parts: &'a Parts, is_known: bool) -> Call<'a> {
    let key = parts.headers.get(API_KEY).and_then(|key| key.to_str().ok()).filter(|_| is_known);
    key.map_or_else(|| Call::Unknown(api.rest().client_address(parts)), Call::Keyed)
}

fn is_message(parts: &Parts) -> bool {
    let matched = parts.extensions.get::<MatchedPath>();
    parts.method == Method::POST && matched.is_some_and(|path| path.as_str() == MESSAGES)
}

/// The user of the request's token, who is made if the token is good and the user not there.
async fn authenticate(api: &Api, tenant: &Arc<Tenant>, parts: &mut Parts) -> Result<Caller, Rejection> {
    let Bearer(token, ..) = Bearer::<ChatSdk>::from_request_parts(parts, api).await.map_err(|rejected| rejected.0)?;
    let claims = api.rest().callers().user_of(&token, tenant).await?.claims;
    if claims.purpose == Some(TokenPurpose::Realtime) {
        return Err(Rejection::Unauthorized(Unauthorized::TokenInvalid("purpose")));
    }
    let issued_at = claims.issued_at.and_then(|at| i64::try_from(at).ok());
    let user = api.chat().ensure_user(tenant.id(), &claims.user, issued_at).await.map_err(rejection)?;
    api.chat().touch_activity(tenant.id(), &user.id).await.map_err(rejection)?;
    Ok(Caller { tenant: Arc::clone(tenant), user })
}

fn rejection(error: ChatError) -> Rejection {
    match error {
        ChatError::Unavailable => Rejection::unavailable(),
        ChatError::Internal => Rejection::internal(&error),
        ChatError::Revoked => Rejection::Unauthorized(Unauthorized::TokenInvalid("revoked")),
        _ => Rejection::Unauthorized(Unauthorized::TokenInvalid("user")),
    }
}
