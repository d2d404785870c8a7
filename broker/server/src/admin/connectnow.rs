//! `/admin/api/connectnow/tokens`: API tokens of Connect Now.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use natter_connectnow::{NewApiToken, issue_api_token};
use natter_core::TenantId;
use serde::{Deserialize, Serialize};

use super::{Failure, node};
use crate::internal::Internal;

/// What `POST /admin/api/connectnow/tokens` takes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiUser {
    pub(crate) name: String,
    pub(crate) email: String,
}

pub(super) async fn create(
    State(internal): State<Arc<Internal>>,
    body: Bytes,
) -> Result<(StatusCode, Json<NewApiToken>), Failure> {
    let asked: NewApiUser =
        serde_json::from_slice(&body).map_err(|error| Failure::new(StatusCode::BAD_REQUEST, error))?;
    let node = node(&internal)?;
    let tenant = TenantId::new(node.configured().await.plugins.connectnow.tenant.as_str());
    let made = issue_api_token(node.store.store.as_ref(), &tenant, &asked.name, &asked.email).await;
    let made = made.map_err(|rejection| Failure::new(rejection.status(), rejection.message()))?;
    tracing::info!(user = made.user_id, "an api token was made");
    Ok((StatusCode::CREATED, Json(made)))
}
