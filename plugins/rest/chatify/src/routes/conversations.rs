//! `/api/v1/conversation`.

use axum::extract::State;
use axum::response::Response;
use natter_rest::{Form, Query, streamed_list};
use serde::Serialize;
use utoipa::ToSchema;

use crate::admission::Caller;
use crate::chatify::Chatify;
use crate::conversations::{ConversationsQuery, NewConversation};
use crate::envelope::{Failure, Success, made};
use crate::errors::{ApiError, ChatifyDialect};
use crate::views::ConversationView;

/// One conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OneConversation {
    conversation: ConversationView,
}

/// Conversations.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a list that is written while it is made")]
pub(super) struct AllConversations {
    conversations: Vec<ConversationView>,
}

/// Begins a conversation with another user; the same two have one.
#[utoipa::path(
    post,
    path = "/api/v1/conversation",
    request_body = NewConversation,
    responses(
        (status = 201, body = Success<OneConversation>),
        (status = 200, description = "It was there already", body = Success<OneConversation>),
        (status = 400, description = "No id, or the caller's own", body = Failure),
        (status = 401, body = Failure),
        (status = 404, description = "No such user", body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn open_conversation(
    State(chatify): State<Chatify>,
    caller: Caller,
    Form(body, ..): Form<NewConversation, ChatifyDialect>,
) -> Result<Response, ApiError> {
    let (conversation, is_new) = chatify.open_conversation(&caller, &body).await?;
    Ok(made(is_new, OneConversation { conversation }))
}

/// The caller's conversations, the one with the newest message first.
#[utoipa::path(
    get,
    path = "/api/v1/conversation",
    params(ConversationsQuery),
    responses(
        (status = 200, body = Success<AllConversations>),
        (status = 400, body = Failure),
        (status = 401, body = Failure),
        (status = 404, description = "No such conversation to go on behind", body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn list_conversations(
    State(chatify): State<Chatify>,
    caller: Caller,
    Query(query, ..): Query<ConversationsQuery, ChatifyDialect>,
) -> Result<Response, ApiError> {
    let conversations = chatify.conversations(&caller, &query).await?;
    Ok(streamed_list(r#"{"status":"success","data":{"conversations":"#.to_owned(), conversations, "}}"))
}
