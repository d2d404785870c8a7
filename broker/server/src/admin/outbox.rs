//! `/admin/api/outbox`: what waits, what was given up, and what becomes of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use natter_outbox::{EnqueueError, JobId, JobKind, Listing, Selection};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, node};
use crate::internal::Internal;

/// Jobs of a page, when the call does not say.
const PAGE_JOBS: usize = 50;

/// What `GET /admin/api/outbox` takes.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Page {
    state: Selection,
    from: Option<String>,
    limit: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { state: Selection::Dead, from: None, limit: PAGE_JOBS }
    }
}

pub(super) async fn list(
    State(internal): State<Arc<Internal>>,
    Query(page): Query<Page>,
) -> Result<Json<Listing>, Failure> {
    let listing = node(&internal)?.outbox.list(page.state, page.from.as_deref(), page.limit).await;
    Ok(Json(listing.map_err(unavailable)?))
}

pub(super) async fn retry(
    State(internal): State<Arc<Internal>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let is_found = node(&internal)?.outbox.retry_dead(job(&id)?).await;
    let is_found = is_found.map_err(|error: EnqueueError| unavailable(error))?;
    tracing::info!(job = id, is_found, "a dead job is tried again");
    answer(&id, is_found)
}

/// What `POST /admin/api/outbox/hurry` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hurry {
    kind: JobKind,
    tenant: Option<String>,
}

pub(super) async fn hurry(
    State(internal): State<Arc<Internal>>,
    Json(asked): Json<Hurry>,
) -> Result<Json<Value>, Failure> {
    let lines = node(&internal)?.outbox.hurry(asked.kind, asked.tenant.as_deref());
    tracing::info!(kind = %asked.kind, tenant = asked.tenant, lines, "waiting jobs are tried now");
    Ok(Json(json!({ "lines": lines })))
}

pub(super) async fn discard(
    State(internal): State<Arc<Internal>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let is_found = node(&internal)?.outbox.discard_dead(job(&id)?).await.map_err(unavailable)?;
    tracing::info!(job = id, is_found, "a dead job is discarded");
    answer(&id, is_found)
}

fn answer(id: &str, is_found: bool) -> Result<Json<Value>, Failure> {
    match is_found {
        true => Ok(Json(json!({ "id": id }))),
        false => Err(Failure::new(StatusCode::NOT_FOUND, format!("there is no dead job {id}"))),
    }
}

fn job(id: &str) -> Result<JobId, Failure> {
    id.parse().map_err(|_| Failure::new(StatusCode::BAD_REQUEST, "a job's id has 32 hexadecimal digits"))
}

fn unavailable(error: impl ToString) -> Failure {
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, error)
}
