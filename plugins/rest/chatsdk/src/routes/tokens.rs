//! `POST /tokens`: a backend gets the tokens of one of its users.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json as Answered;
use axum::extract::State;
use natter_chat::ChatError;
use natter_rest::{InRange, Json, Rejection};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Backend;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk, Problem};
use crate::shapes::error::ChatSdkError;
use crate::shapes::token::{ChatSdkTokenRequest, ChatSdkTokens};
use crate::tokens::{IssueError, issue};

/// Seconds that tokens are good for unless asked otherwise.
const LIFETIME_S: u32 = 86_400;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(make_tokens))
}

/// Makes a user, or changes its profile, and answers with its tokens.
#[utoipa::path(post, path = "/tokens", request_body = ChatSdkTokenRequest, security(("apiKey" = [])), responses(
    (status = 200, body = ChatSdkTokens),
    (status = "default", body = ChatSdkError),
))]
async fn make_tokens(
    State(api): State<Api>,
    backend: Backend,
    Json(mut request, ..): Json<ChatSdkTokenRequest, ChatSdk>,
) -> Answer<Answered<ChatSdkTokens>> {
    let expires_in = request.expires_in.map_or(LIFETIME_S, InRange::get);
    let patch = request.patch();
    let saved = api.chat().upsert_user(backend.tenant(), &request.user_id, patch).await;
    let (user, _) = saved.map_err(|error| of_user_id("userId", error))?;
    let tokens = issue(&backend.0, &user, now_s(), expires_in).map_err(refusal)?;
    Ok(Answered(ChatSdkTokens {
        token: tokens.rest,
        ws_token: tokens.realtime,
        user: (&*user).into(),
        expires_in,
        ws_url: websocket_url(api.public_url()),
        app_id: backend.tenant().as_str().to_owned(),
    }))
}

/// What the domain calls `id` has another name in this request.
pub(super) fn of_user_id(field: &'static str, error: ChatError) -> ChatError {
    match error {
        ChatError::Invalid { field: "id", message } => ChatError::Invalid { field, message },
        other => other,
    }
}

fn refusal(error: IssueError) -> Problem {
    match error {
        IssueError::NoSecret => ChatError::Forbidden("this app signs its own tokens").into(),
        IssueError::Unsigned => Rejection::internal(&error).into(),
    }
}

fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// `http` becomes `ws`, and `https` `wss`.
fn websocket_url(public_url: &str) -> String {
    let base = public_url.strip_prefix("http").map_or_else(|| public_url.to_owned(), |rest| format!("ws{rest}"));
    format!("{base}/connection/websocket")
}

#[cfg(test)]
mod tests {
    use super::websocket_url;

    #[test]
    fn the_address_of_connections_has_the_scheme_of_the_public_one() {
        assert_eq!(websocket_url("http://127.0.0.1:8000"), "ws://127.0.0.1:8000/connection/websocket");
        assert_eq!(websocket_url("https://chat.example"), "wss://chat.example/connection/websocket");
    }
}
