//! `/admin/api`: what the command line asks the running node for. Every call needs the bearer token of the owner-only
//! file in the data folder; errors are `{"error": "…"}`.

mod backup;
mod connectnow;
mod outbox;
mod status;
mod tenants;
mod token_file;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use natter_node::config::Secret;
use serde_json::json;

use crate::internal::Internal;
use crate::node::Node;
use crate::routes::not_found;

pub(crate) use connectnow::NewApiUser;
pub(crate) use tenants::{NewKey, NewTenant, TenantList, TenantSummary};
pub(crate) use token_file::{make as token_of, read as read_token};

/// The routes.
pub(crate) fn router(internal: Arc<Internal>) -> Router {
    Router::new()
        .route("/admin/api/status", get(status::show))
        .route("/admin/api/reload", post(status::reload))
        .route("/admin/api/backup", get(backup::stream))
        .route("/admin/api/outbox", get(outbox::list))
        .route("/admin/api/outbox/hurry", post(outbox::hurry))
        .route("/admin/api/outbox/{id}/retry", post(outbox::retry))
        .route("/admin/api/outbox/{id}/discard", post(outbox::discard))
        .route("/admin/api/tenants", get(tenants::list).post(tenants::add))
        .route("/admin/api/tenants/{tenant}/keys", post(tenants::issue))
        .route("/admin/api/connectnow/tokens", post(connectnow::create))
        .fallback(|| async { not_found() })
        .layer(middleware::from_fn_with_state(Arc::clone(&internal), authorize))
        .with_state(internal)
}

/// An answer that is not what was asked for.
pub(crate) struct Failure {
    status: StatusCode,
    message: String,
}

impl Failure {
    fn new(status: StatusCode, message: impl ToString) -> Self {
        Self { status, message: message.to_string() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}

async fn authorize(State(internal): State<Arc<Internal>>, request: Request, next: Next) -> Response {
    let offered = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let offered = offered.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if Secret::new(internal.admin_token.as_str()).matches(offered) {
        return next.run(request).await;
    }
    let mut response = Failure::new(StatusCode::UNAUTHORIZED, "the admin token is missing or wrong").into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// The running node, once there is one.
fn node(internal: &Internal) -> Result<&Arc<Node>, Failure> {
    internal.node.get().ok_or_else(|| Failure::new(StatusCode::SERVICE_UNAVAILABLE, "the node is starting"))
}
