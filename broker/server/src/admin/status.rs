//! `GET /admin/api/status` and `POST /admin/api/reload`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Failure, node};
use crate::internal::Internal;
use crate::reload;

pub(super) async fn show(State(internal): State<Arc<Internal>>) -> Result<Json<Value>, Failure> {
    let node = node(&internal)?;
    let readiness = internal.lifecycle.readiness();
    Ok(Json(json!({
        "node": node.broker.node_id(),
        "version": env!("CARGO_PKG_VERSION"),
        "state": readiness.state.label(),
        "reason": readiness.reason,
        "uptime_seconds": node.broker.clock().uptime().as_secs(),
        "connections": node.broker.connections().taken(),
        "tenants": node.tenants.all().len(),
        "store": node.store.store.name(),
    })))
}

pub(super) async fn reload(State(internal): State<Arc<Internal>>) -> Result<Json<Value>, Failure> {
    let difference = reload::reload(node(&internal)?).await;
    let difference =
        difference.map_err(|error| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{error:#}")))?;
    Ok(Json(json!({ "applied": difference.applied, "restart": difference.restart })))
}
