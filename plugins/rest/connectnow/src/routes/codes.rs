//! Codes for addresses, and tokens for codes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use natter_rest::{ClientAddress, Path, address_key};

use super::ok;
use crate::admission::Sent;
use crate::bodies::{GetTokenBody, SendCodeBody};
use crate::connect_now::ConnectNow;
use crate::errors::{ApiError, ConnectNowDialect, Failure};
use crate::shapes::{Accepted, One, TokenView};

/// Calls per minute and client address; what protects a code is its own number of tries.
const CALLS_PER_MINUTE: u32 = 300;
const ACCEPTED: Accepted = Accepted { message: "If this address may join, a code is on its way." };

/// Exchanges a code for a chat-user token.
#[utoipa::path(
    post,
    path = "/api/chats/{chat_id}/users/get-token",
    params(("chat_id" = String, Path)),
    request_body = GetTokenBody,
    responses(
        (status = 200, body = One<TokenView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 404, body = Failure),
        (status = 422, description = "A wrong code, or an address that has none", body = Failure),
        (status = 429, body = Failure),
    ),
)]
pub(super) async fn get_token(
    State(connect_now): State<ConnectNow>,
    address: ClientAddress,
    Path(id, ..): Path<String, ConnectNowDialect>,
    sent: Sent,
) -> Result<Response, ApiError> {
    count(&connect_now, address)?;
    Ok(ok(connect_now.get_token(&id, GetTokenBody::read(sent.fields()?)?).await?))
}

/// Mails a code to somebody who is in the chat, or who has its password. The answer does not say who is in it.
#[utoipa::path(
    post,
    path = "/api/chats/{chat_id}/users/send-code",
    params(("chat_id" = String, Path)),
    request_body = SendCodeBody,
    responses(
        (status = 202, body = Accepted),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 404, body = Failure),
        (status = 422, description = "A wrong password", body = Failure),
        (status = 429, description = "Five codes an hour for an address", body = Failure),
    ),
)]
pub(super) async fn send_code(
    State(connect_now): State<ConnectNow>,
    address: ClientAddress,
    Path(id, ..): Path<String, ConnectNowDialect>,
    sent: Sent,
) -> Result<Response, ApiError> {
    count(&connect_now, address)?;
    connect_now.send_code(&id, SendCodeBody::read(sent.fields()?)?).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(ACCEPTED)).into_response())
}

fn count(connect_now: &ConnectNow, ClientAddress(address): ClientAddress) -> Result<(), ApiError> {
    let limits = connect_now.rest().limits();
    Ok(limits.take("connectnow.codes", "", &address_key(address), CALLS_PER_MINUTE).check()?)
}
