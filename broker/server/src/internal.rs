//! The internal listener: `/metrics`, `/healthz`, `/readyz` and `/admin/api`. It answers from the first moment of the
//! start to the last of the drain, and is never public.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use natter_node::plugin::Mount;
use serde_json::json;

use crate::gauges::Gauges;
use crate::node::Node;
use crate::routes::{RouteTable, not_found};
use crate::state::{self, Lifecycle};
use crate::{admin, state::Readiness};

/// What the internal listener answers from.
pub(crate) struct Internal {
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) gauges: Gauges,
    /// Set once the node serves.
    pub(crate) node: OnceLock<Arc<Node>>,
    /// What `/admin/api` asks for.
    pub(crate) admin_token: String,
}

/// The routes of the internal listener.
pub(crate) fn routes(internal: &Arc<Internal>) -> RouteTable {
    let health = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/readyz", get(ready))
        .fallback(|| async { not_found() })
        .with_state(Arc::clone(internal));
    RouteTable::new([
        Mount { prefix: "", router: health },
        Mount { prefix: "/admin/api", router: admin::router(Arc::clone(internal)) },
    ])
}

async fn metrics(State(internal): State<Arc<Internal>>) -> Response {
    let page = internal.gauges.render(internal.lifecycle.readiness().state, internal.node.get());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page).into_response()
}

async fn ready(State(internal): State<Arc<Internal>>) -> Response {
    let Readiness { state, reason } = internal.lifecycle.readiness();
    let is_ready = state == state::State::Ready;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "status": state.label(), "reason": reason }))).into_response()
}
