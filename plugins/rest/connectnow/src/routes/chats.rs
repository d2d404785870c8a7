//! `/api/chats`, with what is read in them and their passwords.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use natter_rest::Path;

use super::{Asked, Here, gone, made, ok};
use crate::admission::Sent;
use crate::bodies::{ChatBody, ReadBody, ShareBody};
use crate::caller::Caller;
use crate::connect_now::ConnectNow;
use crate::errors::{ApiError, ConnectNowDialect, Failure};
use crate::paging::{ListOf, PageQuery};
use crate::shapes::{ChatUserView, ChatView, One, ShareView};

/// The chats of the caller's companies, newest last.
#[utoipa::path(
    get,
    path = "/api/chats",
    operation_id = "list_chats",
    params(PageQuery),
    responses(
        (status = 200, body = ListOf<ChatView>),
        (status = 401, body = Failure),
        (status = 422, description = "No such page number", body = Failure),
    ),
    security(("api_token" = [])),
)]
pub(super) async fn list(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Here(url): Here,
    query: Asked<PageQuery>,
) -> Result<Response, ApiError> {
    let (user, page) = (caller.api_user()?, query?.0);
    let (views, total) = connect_now.chats(user, &page).await?;
    Ok(axum::Json(page.list(views, total, &url)).into_response())
}

/// A chat.
#[utoipa::path(
    get,
    path = "/api/chats/{chat_id}",
    operation_id = "show_chat",
    params(("chat_id" = String, Path)),
    responses((status = 200, body = One<ChatView>), (status = 401, body = Failure), (status = 404, body = Failure)),
    security(("api_token" = [])),
)]
pub(super) async fn show(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
) -> Result<Response, ApiError> {
    let chat = connect_now.own_chat(caller.api_user()?, &id).await?;
    Ok(ok(connect_now.chat_view(&chat).await?))
}

/// Makes a chat.
#[utoipa::path(
    post,
    path = "/api/chats",
    operation_id = "create_chat",
    request_body = ChatBody,
    responses(
        (status = 201, body = One<ChatView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("api_token" = [])),
)]
pub(super) async fn create(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, ApiError> {
    let user = caller.api_user()?;
    Ok(made(connect_now.make_chat(user, ChatBody::read(sent.fields()?, true)?).await?))
}

/// Changes a chat; what is not given stays. A chat that is not open takes no messages.
#[utoipa::path(
    put,
    path = "/api/chats/{chat_id}",
    operation_id = "edit_chat",
    params(("chat_id" = String, Path)),
    request_body = ChatBody,
    responses(
        (status = 200, body = One<ChatView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 404, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("api_token" = [])),
)]
pub(super) async fn edit(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let user = caller.api_user()?;
    connect_now.own_chat(user, &id).await?;
    Ok(ok(connect_now.change_chat(user, &id, ChatBody::read(sent.fields()?, false)?).await?))
}

/// Deletes a chat with everything in it.
#[utoipa::path(
    delete,
    path = "/api/chats/{chat_id}",
    operation_id = "delete_chat",
    params(("chat_id" = String, Path)),
    responses((status = 204), (status = 401, body = Failure), (status = 404, body = Failure)),
    security(("api_token" = [])),
)]
pub(super) async fn delete(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
) -> Result<Response, ApiError> {
    connect_now.delete_chat(caller.api_user()?, &id).await?;
    Ok(gone())
}

/// The chat user has read up to a message.
#[utoipa::path(
    post,
    path = "/api/chats/{chat_id}/read",
    params(("chat_id" = String, Path)),
    request_body = ReadBody,
    responses(
        (status = 200, body = One<ChatUserView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 403, description = "With an API token, or for another chat", body = Failure),
        (status = 404, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("chat_user_token" = [])),
)]
pub(super) async fn read(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let chat = connect_now.visible_chat(&caller, &id).await?;
    if !chat.is_visitor {
        return Err(ApiError::Forbidden);
    }
    connect_now.mark_read(&chat, ReadBody::read(sent.fields()?)?.message_id).await?;
    let member = connect_now.chat().membership(&connect_now.tenant(), &chat.as_user, chat.id).await?;
    Ok(ok(connect_now.chat_user_view(chat.id, &member).await?))
}

/// The chat's password, and the page where people join with it.
#[utoipa::path(
    post,
    path = "/api/chats/{chat_id}/share",
    params(("chat_id" = String, Path)),
    request_body = ShareBody,
    responses(
        (status = 200, body = One<ShareView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 403, description = "For another chat", body = Failure),
        (status = 404, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("api_token" = []), ("chat_user_token" = [])),
)]
pub(super) async fn share(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let chat = connect_now.visible_chat(&caller, &id).await?;
    let body = ShareBody::read(sent.fields()?)?;
    Ok(ok(connect_now.share(chat.id, body.rotate.unwrap_or_default()).await?))
}
