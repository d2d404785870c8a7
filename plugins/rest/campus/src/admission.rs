//! Who is calling, and whether they may call once more: the layers around the routes.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use natter_chat::{ChatError, User};
use natter_core::TenantId;
use natter_node::auth::TokenPurpose;
use natter_node::tenant::Tenant;
use natter_rest::{Bearer, CallerScope, Rejection, Unauthorized, reject};

use crate::campus::Campus;
use crate::errors::{CampusDialect, Problem};

/// The route whose calls a tenant can have a limit of their own for.
const MESSAGES: &str = "/chats/{id}/messages";

/// A user whose token has passed.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    tenant: Arc<Tenant>,
    user: Arc<User>,
}

impl Caller {
    pub(crate) fn tenant(&self) -> &TenantId {
        self.tenant.id()
    }

    /// The user's id in the domain.
    pub(crate) fn id(&self) -> &str {
        &self.user.id
    }

    /// The 24 digits that the document shows.
    pub(crate) fn hex(&self) -> String {
        self.user.entity.to_hex()
    }

    /// The user's display name.
    pub(crate) fn name(&self) -> &str {
        &self.user.profile.name
    }
}

/// A tenant's backend, which calls with an API key.
#[derive(Clone, Debug)]
pub(crate) struct Backend(pub(crate) Arc<Tenant>);

impl FromRequestParts<Campus> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _campus: &Campus) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unadmitted)
    }
}

impl FromRequestParts<Campus> for Backend {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _campus: &Campus) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unadmitted)
    }
}

fn unadmitted() -> Response {
    reject::<CampusDialect>(&Rejection::internal(&"a route stands outside of the layer that finds out who is calling"))
}

/// The layer of what a tenant's backend calls.
pub(crate) async fn admit_backend(State(campus): State<Campus>, mut request: Request, next: Next) -> Response {
    match campus.rest().callers().tenant_of_key(request.headers()) {
        Ok(tenant) => {
            request.extensions_mut().insert(Backend(tenant));
            next.run(request).await
        }
        Err(rejection) => reject::<CampusDialect>(&rejection),
    }
}

/// The layer of what users call with their token. The tenant's own limits count, if it has some.
pub(crate) async fn admit_user(State(campus): State<Campus>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = match authenticate(&campus, &mut parts).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if let Err(rejection) = count(&campus, &caller, &parts) {
        return reject::<CampusDialect>(&rejection);
    }
    let scope = CallerScope { tenant: caller.tenant().clone(), caller: format!("user:{}", caller.id()) };
    parts.extensions.insert(scope);
    parts.extensions.insert(caller);
    next.run(Request::from_parts(parts, body)).await
}

/// The user of the request's token, who is made if the token is good and the user not there.
async fn authenticate(campus: &Campus, parts: &mut Parts) -> Result<Caller, Problem> {
    let Bearer(token, ..) = Bearer::<CampusDialect>::from_request_parts(parts, campus).await?;
    let user = campus.rest().callers().user(&token, &campus.default_tenant()).await?;
    if user.claims.purpose == Some(TokenPurpose::Realtime) {
        return Err(Rejection::Unauthorized(Unauthorized::TokenInvalid("purpose")).into());
    }
    let issued_at = user.claims.issued_at.and_then(|at| i64::try_from(at).ok());
    let tenant = user.tenant;
    let user = campus.chat().ensure_user(tenant.id(), &user.claims.user, issued_at).await.map_err(refused)?;
    campus.chat().touch_activity(tenant.id(), &user.id).await?;
    Ok(Caller { tenant, user })
}

fn refused(error: ChatError) -> Problem {
    match error {
        ChatError::Invalid { .. } | ChatError::Conflict(_) => {
            Rejection::Unauthorized(Unauthorized::TokenInvalid("user")).into()
        }
        other => other.into(),
    }
}

fn count(campus: &Campus, caller: &Caller, parts: &Parts) -> Result<(), Rejection> {
    let limits = &caller.tenant.settings().limits;
    let is_message = parts.method == Method::POST
        && parts.extensions.get::<MatchedPath>().is_some_and(|path| path.as_str() == MESSAGES);
    let (scope, per_minute) = match is_message {
        true => ("campus.messages", limits.messages_per_minute),
        false => ("campus.requests", limits.requests_per_minute),
    };
    let Some(per_minute) = per_minute else { return Ok(()) };
    campus.rest().limits().take(scope, caller.tenant().as_str(), caller.id(), per_minute).check()
}
