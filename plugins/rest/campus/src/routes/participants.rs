//! Participants: joining, adding, removing, letting in, admin access.

use axum::Json as Answered;
use axum::extract::State;
use axum::http::StatusCode;
use natter_rest::{Json, Path};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, CampusDialect};
use crate::shapes::error::CampusError;
use crate::shapes::participant::{
    CampusNewParticipants, CampusOneParticipant, CampusParticipants, CampusSocketBody, CampusStatusBody,
};
use crate::shapes::value::{CampusId, CampusSuccess};

pub(super) fn routes() -> OpenApiRouter<Campus> {
    OpenApiRouter::new()
        .routes(routes!(join))
        .routes(routes!(add_participants))
        .routes(routes!(remove_participant))
        .routes(routes!(set_status))
        .routes(routes!(grant_admin, remove_admin))
}

/// Joins a group chat. A restricted one answers 403 and asks its admins.
#[utoipa::path(post, path = "/chats/{id}/participants", params(("id" = CampusId, Path)),
    request_body(content = Option<CampusSocketBody>), security(("token" = [])), responses(
    (status = 201, body = CampusOneParticipant),
    (status = 403, description = "The chat is restricted: a request is left", body = CampusError),
    (status = 409, description = "A participant already", body = CampusError),
    (status = "default", body = CampusError),
))]
async fn join(
    State(campus): State<Campus>,
    caller: Caller,
    Path(id, ..): Path<String, CampusDialect>,
    Json(body, ..): Json<CampusSocketBody, CampusDialect>,
) -> Answer<(StatusCode, Answered<CampusOneParticipant>)> {
    let participant = campus.join(&caller, &id, body.id()).await?;
    Ok((StatusCode::CREATED, Answered(CampusOneParticipant { participant })))
}

/// Makes users participants of a group chat; for its admins. Those who are already are passed over.
#[utoipa::path(post, path = "/chats/{id}/participants/multiple", params(("id" = CampusId, Path)),
    request_body = CampusNewParticipants, security(("token" = [])), responses(
    (status = 201, body = CampusParticipants),
    (status = "default", body = CampusError),
))]
async fn add_participants(
    State(campus): State<Campus>,
    caller: Caller,
    Path(id, ..): Path<String, CampusDialect>,
    Json(new, ..): Json<CampusNewParticipants, CampusDialect>,
) -> Answer<(StatusCode, Answered<CampusParticipants>)> {
    let participants = campus.add_many(&caller, &id, new).await?;
    Ok((StatusCode::CREATED, Answered(CampusParticipants { participants })))
}

/// Takes a participant out of a group chat: an admin anyone, everyone oneself.
#[utoipa::path(delete, path = "/chats/{id}/participants/{participantId}",
    params(("id" = CampusId, Path), ("participantId" = CampusId, Path, description = "Of the participant or its user")),
    request_body(content = Option<CampusSocketBody>), security(("token" = [])), responses(
    (status = 200, body = CampusSuccess),
    (status = 409, description = "The last admin, while others remain", body = CampusError),
    (status = "default", body = CampusError),
))]
async fn remove_participant(
    State(campus): State<Campus>,
    caller: Caller,
    Path((id, participant), ..): Path<(String, String), CampusDialect>,
    Json(body, ..): Json<CampusSocketBody, CampusDialect>,
) -> Answer<Answered<CampusSuccess>> {
    campus.remove_participant(&caller, &id, &participant, body.id()).await?;
    Ok(CampusSuccess::json())
}

/// Answers who wants to join a chat that belongs to an event; for the chat's admins.
#[utoipa::path(post, path = "/chats/{id}/participants/{participantId}/status",
    params(("id" = CampusId, Path),
        ("participantId" = CampusId, Path, description = "Of the request or its user")),
    request_body = CampusStatusBody, security(("token" = [])), responses(
    (status = 200, body = CampusOneParticipant),
    (status = 409, description = "The chat has no event, or the event is not active", body = CampusError),
    (status = "default", body = CampusError),
))]
async fn set_status(
    State(campus): State<Campus>,
    caller: Caller,
    Path((id, participant), ..): Path<(String, String), CampusDialect>,
    Json(body, ..): Json<CampusStatusBody, CampusDialect>,
) -> Answer<Answered<CampusOneParticipant>> {
    let participant = campus.set_status(&caller, &id, &participant, &body).await?;
    Ok(Answered(CampusOneParticipant { participant }))
}

/// Makes a participant an admin; for admins.
#[utoipa::path(post, path = "/chats/{id}/participants/{participantId}/admin",
    params(("id" = CampusId, Path), ("participantId" = CampusId, Path)), security(("token" = [])),
    responses((status = 200, body = CampusOneParticipant), (status = "default", body = CampusError)))]
async fn grant_admin(
    State(campus): State<Campus>,
    caller: Caller,
    Path((id, participant), ..): Path<(String, String), CampusDialect>,
) -> Answer<Answered<CampusOneParticipant>> {
    let participant = campus.grant_admin(&caller, &id, &participant).await?;
    Ok(Answered(CampusOneParticipant { participant }))
}

/// Takes admin access from another participant; for admins.
#[utoipa::path(delete, path = "/chats/{id}/participants/{participantId}/admin",
    params(("id" = CampusId, Path), ("participantId" = CampusId, Path)), security(("token" = [])),
    responses((status = 200, body = CampusSuccess), (status = "default", body = CampusError)))]
async fn remove_admin(
    State(campus): State<Campus>,
    caller: Caller,
    Path((id, participant), ..): Path<(String, String), CampusDialect>,
) -> Answer<Answered<CampusSuccess>> {
    campus.remove_admin(&caller, &id, &participant).await?;
    Ok(CampusSuccess::json())
}
