//! `GET /chats/explore/communities`.

use axum::Json as Answered;
use axum::extract::State;
use natter_rest::Query;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, CampusDialect};
use crate::shapes::chat::{CampusChats, CampusExploreQuery};
use crate::shapes::error::CampusError;

pub(super) fn routes() -> OpenApiRouter<Campus> {
    OpenApiRouter::new().routes(routes!(explore))
}

/// Group chats by their name, the most active first.
#[utoipa::path(get, path = "/chats/explore/communities", params(CampusExploreQuery), security(("token" = [])),
    responses((status = 200, body = CampusChats), (status = "default", body = CampusError)))]
async fn explore(
    State(campus): State<Campus>,
    caller: Caller,
    Query(query, ..): Query<CampusExploreQuery, CampusDialect>,
) -> Answer<Answered<CampusChats>> {
    Ok(Answered(campus.explore(&caller, query).await?))
}
