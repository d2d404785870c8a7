//! `GET /api/search`.

use axum::Json as Answered;
use axum::extract::State;
use natter_rest::{Limit, Offset, Query};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::error::ChatSdkError;
use crate::shapes::message::{ChatSdkFound, ChatSdkMessage};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(search_messages))
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ChatSdkSearch {
    /// A part of the text, in any letter case; 1 to 200 characters.
    q: String,
    /// Most messages; at most 100.
    #[serde(default)]
    limit: Limit<50, 100>,
    /// Messages to pass over.
    #[serde(default)]
    offset: Offset,
}

/// Messages of the caller's channels whose text has the words in it, the newest first.
#[utoipa::path(get, path = "/api/search", params(ChatSdkSearch), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkFound), (status = "default", body = ChatSdkError)))]
async fn search_messages(
    State(api): State<Api>,
    caller: Caller,
    Query(query, ..): Query<ChatSdkSearch, ChatSdk>,
) -> Answer<Answered<ChatSdkFound>> {
    let (offset, limit) = (query.offset.get(), query.limit.get());
    let found = api.chat().search(caller.tenant(), caller.id(), &query.q, offset, limit).await?;
    let (messages, has_more) = found;
    Ok(Answered(ChatSdkFound { messages: messages.into_iter().map(ChatSdkMessage::new).collect(), has_more }))
}
