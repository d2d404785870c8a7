//! `PUT /chats-sync`.

use axum::Json as Answered;
use axum::extract::State;
use natter_rest::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Backend;
use crate::campus::Campus;
use crate::errors::{Answer, CampusDialect};
use crate::shapes::error::CampusError;
use crate::shapes::sync::{CampusSync, CampusSynced};

pub(super) fn routes() -> OpenApiRouter<Campus> {
    OpenApiRouter::new().routes(routes!(sync))
}

/// Tells natter of users, connections, events, reels and tags.
#[utoipa::path(put, path = "/chats-sync", request_body = CampusSync, security(("apiKey" = [])), responses(
    (status = 200, body = CampusSynced),
    (status = 413, description = "More than 10,000 entries", body = CampusError),
    (status = "default", body = CampusError),
))]
async fn sync(
    State(campus): State<Campus>,
    Backend(tenant): Backend,
    Json(body, ..): Json<CampusSync, CampusDialect>,
) -> Answer<Answered<CampusSynced>> {
    Ok(Answered(campus.sync(tenant.id(), body).await?))
}
