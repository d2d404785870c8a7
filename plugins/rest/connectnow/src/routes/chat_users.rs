//! `/api/chats/{chat_id}/users`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use natter_rest::Path;

use super::{Asked, Here, gone, made, ok};
use crate::admission::Sent;
use crate::bodies::ChatUserBody;
use crate::caller::Caller;
use crate::connect_now::ConnectNow;
use crate::errors::{ApiError, ConnectNowDialect, Failure};
use crate::paging::{ListOf, PageQuery};
use crate::shapes::{ChatUserView, One};

/// The chat's users, newest last.
#[utoipa::path(
    get,
    path = "/api/chats/{chat_id}/users",
    operation_id = "list_chat_users",
    params(("chat_id" = String, Path), PageQuery),
    responses(
        (status = 200, body = ListOf<ChatUserView>),
        (status = 401, body = Failure),
        (status = 403, description = "Of another chat", body = Failure),
        (status = 404, body = Failure),
        (status = 422, description = "No such page number or cursor", body = Failure),
    ),
    security(("api_token" = []), ("chat_user_token" = [])),
)]
pub(super) async fn list(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
    Here(url): Here,
    query: Asked<PageQuery>,
) -> Result<Response, ApiError> {
    let chat = connect_now.visible_chat(&caller, &id).await?;
    let page = query?.0;
    let (views, total) = connect_now.chat_users(&chat, &page).await?;
    Ok(axum::Json(page.list(views, total, &url)).into_response())
}

/// A chat user.
#[utoipa::path(
    get,
    path = "/api/chats/{chat_id}/users/{user_id}",
    operation_id = "show_chat_user",
    params(("chat_id" = String, Path), ("user_id" = String, Path)),
    responses(
        (status = 200, body = One<ChatUserView>),
        (status = 401, body = Failure),
        (status = 403, description = "Of another chat", body = Failure),
        (status = 404, body = Failure),
    ),
    security(("api_token" = []), ("chat_user_token" = [])),
)]
pub(super) async fn show(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path((id, user), ..): Path<(String, String), ConnectNowDialect>,
) -> Result<Response, ApiError> {
    let chat = connect_now.visible_chat(&caller, &id).await?;
    let member = connect_now.chat_user(&chat, &user).await?;
    Ok(ok(connect_now.chat_user_view(chat.id, &member).await?))
}

/// Makes a chat user and mails them a code.
#[utoipa::path(
    post,
    path = "/api/chats/{chat_id}/users",
    operation_id = "create_chat_user",
    params(("chat_id" = String, Path)),
    request_body = ChatUserBody,
    responses(
        (status = 201, body = One<ChatUserView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 404, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("api_token" = [])),
)]
pub(super) async fn create(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let chat = connect_now.own_chat(caller.api_user()?, &id).await?;
    let body = ChatUserBody::read(sent.fields()?, true)?;
    let email = body.email.unwrap_or_default();
    let member = connect_now.make_chat_user(chat.id, &chat.as_user, &email, body.name).await?;
    connect_now.send_first_code(chat.id, &chat.overview.channel.name, &email).await?;
    Ok(made(connect_now.chat_user_view(chat.id, &member).await?))
}

/// Changes a chat user's name or address; what is not given stays.
#[utoipa::path(
    put,
    path = "/api/chats/{chat_id}/users/{user_id}",
    operation_id = "edit_chat_user",
    params(("chat_id" = String, Path), ("user_id" = String, Path)),
    request_body = ChatUserBody,
    responses(
        (status = 200, body = One<ChatUserView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 403, description = "Somebody who came through another API", body = Failure),
        (status = 404, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("api_token" = [])),
)]
pub(super) async fn edit(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path((id, user), ..): Path<(String, String), ConnectNowDialect>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let chat = connect_now.own_chat(caller.api_user()?, &id).await?;
    connect_now.chat_user(&chat, &user).await?;
    let body = ChatUserBody::read(sent.fields()?, false)?;
    Ok(ok(connect_now.change_chat_user(&chat, &user, body).await?))
}

/// Takes a user out of the chat: tokens are void and connections are closed.
#[utoipa::path(
    delete,
    path = "/api/chats/{chat_id}/users/{user_id}",
    operation_id = "delete_chat_user",
    params(("chat_id" = String, Path), ("user_id" = String, Path)),
    responses((status = 204), (status = 401, body = Failure), (status = 404, body = Failure)),
    security(("api_token" = [])),
)]
pub(super) async fn delete(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path((id, user), ..): Path<(String, String), ConnectNowDialect>,
) -> Result<Response, ApiError> {
    let chat = connect_now.own_chat(caller.api_user()?, &id).await?;
    connect_now.remove_chat_user(&chat, &user).await?;
    Ok(gone())
}
