//! Chats: the list, making, one of them, changing, deleting, and its files.

use axum::Json as Answered;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use natter_rest::{Json, Path, Query};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, CampusDialect};
use crate::shapes::chat::{CampusChatForm, CampusChats, CampusChatsQuery, CampusNewChat, CampusOneChat};
use crate::shapes::error::CampusError;
use crate::shapes::message::{CampusFiles, CampusFilesQuery};
use crate::shapes::participant::CampusSocketBody;
use crate::shapes::value::{CampusId, CampusSuccess};

pub(super) fn routes() -> OpenApiRouter<Campus> {
    OpenApiRouter::new()
        .routes(routes!(list_chats, create_chat))
        .routes(routes!(get_chat, update_chat, delete_chat))
        .routes(routes!(list_files))
}

/// The caller's chats, the last changed one first.
#[utoipa::path(get, path = "/chats", params(CampusChatsQuery), security(("token" = [])),
    responses((status = 200, body = CampusChats), (status = "default", body = CampusError)))]
async fn list_chats(
    State(campus): State<Campus>,
    caller: Caller,
    Query(query, ..): Query<CampusChatsQuery, CampusDialect>,
) -> Answer<Answered<CampusChats>> {
    Ok(Answered(campus.chats(&caller, query).await?))
}

/// Makes a chat of two or a group chat.
#[utoipa::path(post, path = "/chats", request_body = CampusNewChat, security(("token" = [])), responses(
    (status = 201, body = CampusOneChat),
    (status = 200, description = "The chat of the two that is there already", body = CampusOneChat),
    (status = "default", body = CampusError),
))]
async fn create_chat(
    State(campus): State<Campus>,
    caller: Caller,
    Json(new, ..): Json<CampusNewChat, CampusDialect>,
) -> Answer<(StatusCode, Answered<CampusOneChat>)> {
    let (status, chat) = campus.create(&caller, new).await?;
    Ok((status, Answered(CampusOneChat { chat })))
}

/// One of the caller's chats.
#[utoipa::path(get, path = "/chats/{id}", params(("id" = CampusId, Path)), security(("token" = [])),
    responses((status = 200, body = CampusOneChat), (status = "default", body = CampusError)))]
async fn get_chat(
    State(campus): State<Campus>,
    caller: Caller,
    Path(id, ..): Path<String, CampusDialect>,
) -> Answer<Answered<CampusOneChat>> {
    Ok(Answered(CampusOneChat { chat: campus.one_chat(&caller, &id).await? }))
}

/// Changes a group chat; for its admins. JSON is taken as well as a form.
#[utoipa::path(put, path = "/chats/{id}", params(("id" = CampusId, Path)),
    request_body(content = CampusChatForm, content_type = "multipart/form-data"), security(("token" = [])),
    responses((status = 200, body = CampusOneChat), (status = "default", body = CampusError)))]
async fn update_chat(
    State(campus): State<Campus>,
    caller: Caller,
    Path(id, ..): Path<String, CampusDialect>,
    request: Request,
) -> Answer<Answered<CampusOneChat>> {
    Ok(Answered(CampusOneChat { chat: campus.update(&caller, &id, request).await? }))
}

/// Deletes a group chat with its messages, files, picture and event; for its admins.
#[utoipa::path(delete, path = "/chats/{id}", params(("id" = CampusId, Path)),
    request_body(content = Option<CampusSocketBody>), security(("token" = [])),
    responses((status = 200, body = CampusSuccess), (status = "default", body = CampusError)))]
async fn delete_chat(
    State(campus): State<Campus>,
    caller: Caller,
    Path(id, ..): Path<String, CampusDialect>,
    Json(body, ..): Json<CampusSocketBody, CampusDialect>,
) -> Answer<Answered<CampusSuccess>> {
    campus.delete(&caller, &id, body.id()).await?;
    Ok(CampusSuccess::json())
}

/// Files of one of the caller's chats, the newest first.
#[utoipa::path(get, path = "/chats/{id}/files", params(("id" = CampusId, Path), CampusFilesQuery),
    security(("token" = [])),
    responses((status = 200, body = CampusFiles), (status = "default", body = CampusError)))]
async fn list_files(
    State(campus): State<Campus>,
    caller: Caller,
    Path(id, ..): Path<String, CampusDialect>,
    Query(query, ..): Query<CampusFilesQuery, CampusDialect>,
) -> Answer<Answered<CampusFiles>> {
    Ok(Answered(campus.files_of(&caller, &id, query).await?))
}
