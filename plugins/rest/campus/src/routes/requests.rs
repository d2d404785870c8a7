//! Requests to join a restricted group chat.

use axum::Json as Answered;
use axum::extract::State;
use natter_rest::{Json, Path, Query};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, CampusDialect};
use crate::shapes::error::CampusError;
use crate::shapes::participant::{CampusOneParticipant, CampusStatusBody};
use crate::shapes::request::{CampusRequests, CampusRequestsQuery};
use crate::shapes::value::{CampusId, CampusSuccess};

pub(super) fn routes() -> OpenApiRouter<Campus> {
    OpenApiRouter::new().routes(routes!(list_requests)).routes(routes!(answer_request, withdraw_request))
}

/// Pending requests of a group chat, the oldest first; for its admins.
#[utoipa::path(get, path = "/chats/{id}/requests", params(("id" = CampusId, Path), CampusRequestsQuery),
    security(("token" = [])),
    responses((status = 200, body = CampusRequests), (status = "default", body = CampusError)))]
async fn list_requests(
    State(campus): State<Campus>,
    caller: Caller,
    Path(id, ..): Path<String, CampusDialect>,
    Query(query, ..): Query<CampusRequestsQuery, CampusDialect>,
) -> Answer<Answered<CampusRequests>> {
    Ok(Answered(campus.requests(&caller, &id, query).await?))
}

/// Answers a request; for admins of any group chat.
#[utoipa::path(post, path = "/chats/{id}/requests/{requestId}",
    params(("id" = CampusId, Path), ("requestId" = CampusId, Path)), request_body = CampusStatusBody,
    security(("token" = [])),
    responses((status = 200, body = CampusOneParticipant), (status = "default", body = CampusError)))]
async fn answer_request(
    State(campus): State<Campus>,
    caller: Caller,
    Path((id, request), ..): Path<(String, String), CampusDialect>,
    Json(body, ..): Json<CampusStatusBody, CampusDialect>,
) -> Answer<Answered<CampusOneParticipant>> {
    let participant = campus.answer_request(&caller, &id, &request, &body).await?;
    Ok(Answered(CampusOneParticipant { participant }))
}

/// Takes the caller's own request back.
#[utoipa::path(delete, path = "/chats/{id}/requests/{requestId}",
    params(("id" = CampusId, Path), ("requestId" = CampusId, Path)), security(("token" = [])),
    responses((status = 200, body = CampusSuccess), (status = "default", body = CampusError)))]
async fn withdraw_request(
    State(campus): State<Campus>,
    caller: Caller,
    Path((id, request), ..): Path<(String, String), CampusDialect>,
) -> Answer<Answered<CampusSuccess>> {
    campus.withdraw_request(&caller, &id, &request).await?;
    Ok(CampusSuccess::json())
}
