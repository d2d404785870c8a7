//! `/admin/api/tenants`: list, add, give keys.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Failure, node};
use crate::internal::Internal;
use crate::node::Node;
use crate::tenants::{IssueError, Issued, Tenancy, summaries};

/// The answer to a list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantList {
    pub(crate) tenants: Vec<TenantSummary>,
}

/// A tenant without its secrets.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantSummary {
    pub(crate) id: String,
    /// `configuration`, or `added` at run time.
    pub(crate) source: String,
    pub(crate) api_keys: usize,
    /// On this node; absent when no node was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connections: Option<usize>,
}

/// What `POST /admin/api/tenants` takes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    pub(crate) id: String,
}

/// What `POST /admin/api/tenants/{tenant}/keys` takes; an empty body is all defaults.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewKey {
    /// Withdraw the run-time keys before.
    pub(crate) replace: bool,
}

pub(super) async fn list(State(internal): State<Arc<Internal>>) -> Result<Json<TenantList>, Failure> {
    let node = node(&internal)?;
    let configured = node.configured().await;
    let tenancy = Tenancy { store: node.store.store.as_ref(), configured: &configured.tenants };
    let mut tenants = summaries(&tenancy).await.map_err(IssueError::from)?;
    for summary in &mut tenants {
        summary.connections = node.tenants.get(&summary.id).map(|tenant| tenant.connections());
    }
    Ok(Json(TenantList { tenants }))
}

pub(super) async fn add(
    State(internal): State<Arc<Internal>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Issued>), Failure> {
    let asked: NewTenant = read(&body)?;
    let issued = change(node(&internal)?, async |tenancy| tenancy.add(&asked.id).await).await?;
    Ok((StatusCode::CREATED, Json(issued)))
}

pub(super) async fn issue(
    State(internal): State<Arc<Internal>>,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Issued>), Failure> {
    let asked: NewKey = if body.is_empty() { NewKey::default() } else { read(&body)? };
    let issued = change(node(&internal)?, async |tenancy| tenancy.issue(&tenant, asked.replace).await).await?;
    Ok((StatusCode::CREATED, Json(issued)))
}

/// Changes the rows and puts them in force before anything is shown.
async fn change(
    node: &Arc<Node>,
    write: impl AsyncFnOnce(Tenancy<'_>) -> Result<Issued, IssueError>,
) -> Result<Issued, Failure> {
    let configured = node.configured().await;
    let tenancy = Tenancy { store: node.store.store.as_ref(), configured: &configured.tenants };
    let issued = write(tenancy).await?;
    let unapplied =
        |error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, format!("stored, but not in force: {error}"));
    node.apply(&configured).await.map_err(unapplied)?;
    tracing::info!(tenant = issued.tenant, "keys were issued");
    Ok(issued)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::new(StatusCode::BAD_REQUEST, error))
}

impl From<IssueError> for Failure {
    fn from(error: IssueError) -> Self {
        let status = match &error {
            IssueError::Name(_) | IssueError::Reserved(_) => StatusCode::UNPROCESSABLE_ENTITY,
            IssueError::Exists(_) | IssueError::TooMany(_) | IssueError::Busy => StatusCode::CONFLICT,
            IssueError::Unknown(_) => StatusCode::NOT_FOUND,
            IssueError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            IssueError::Random(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error)
    }
}
