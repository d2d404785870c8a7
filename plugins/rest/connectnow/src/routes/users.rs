//! `/api/user` and `/api/chat-user`: who is calling.

use axum::extract::State;
use axum::response::Response;
use natter_chat::chat_channel;

use super::ok;
use crate::caller::Caller;
use crate::connect_now::ConnectNow;
use crate::errors::{ApiError, Failure};
use crate::shapes::{One, OwnView, UserView};

/// The user of an API token.
#[utoipa::path(
    get,
    path = "/api/user",
    responses((status = 200, body = One<UserView>), (status = 401, body = Failure)),
    security(("api_token" = [])),
)]
pub(super) async fn user(caller: Caller) -> Result<Response, ApiError> {
    Ok(ok(UserView::of(caller.api_user()?)))
}

/// The chat user of a chat-user token, with the chat.
#[utoipa::path(
    get,
    path = "/api/chat-user",
    responses((status = 200, body = One<OwnView>), (status = 401, body = Failure)),
    security(("chat_user_token" = [])),
)]
pub(super) async fn chat_user(State(connect_now): State<ConnectNow>, caller: Caller) -> Result<Response, ApiError> {
    let visitor = caller.visitor()?;
    let tenant = connect_now.tenant();
    let member = connect_now.chat().membership(&tenant, &visitor.user, visitor.chat).await?;
    let chat = connect_now.opened(visitor.chat, visitor.user.clone(), true).await?.ok_or(ApiError::NotFound)?;
    Ok(ok(OwnView {
        user: connect_now.chat_user_view(visitor.chat, &member).await?,
        chat: connect_now.chat_view(&chat).await?,
        realtime_channel: chat_channel(&tenant, visitor.chat),
    }))
}
