//! `/api/v1/auth`: new passwords.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use natter_accounts::AccountError;
use natter_chat::is_email;
use natter_core::TenantId;
use natter_rest::{ClientAddress, Form, Rejection, address_key};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::admission::Caller;
use crate::chatify::Chatify;
use crate::envelope::{Done, Failure, Success, done};
use crate::errors::{ApiError, ChatifyDialect};
use crate::mail;

/// `POST /api/v1/auth/password`.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct PasswordBody {
    /// The present password.
    old: String,
    /// 8 to 128 characters.
    new: String,
}

/// `POST /api/v1/auth/forgot`.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ForgotBody {
    /// The account's address.
    #[schema(example = "john@example.com")]
    email: String,
}

/// `POST /api/v1/auth/reset`.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ResetBody {
    /// From the mail.
    token: String,
    /// 8 to 128 characters.
    password: String,
}

/// Changes the caller's password, and signs out everywhere else.
#[utoipa::path(
    post,
    path = "/api/v1/auth/password",
    request_body = PasswordBody,
    responses(
        (status = 200, body = Success<Done>),
        (status = 400, body = Failure),
        (status = 401, description = "No good token, or a wrong old password", body = Failure),
        (status = 429, description = "Too many wrong passwords", body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn change_password(
    State(chatify): State<Chatify>,
    caller: Caller,
    ClientAddress(address): ClientAddress,
    Form(body, ..): Form<PasswordBody, ChatifyDialect>,
) -> Result<Response, ApiError> {
    let (who, passwords) = ((caller.id(), caller.session()), (body.old.as_str(), body.new.as_str()));
    let changed = chatify.accounts().change_password(caller.tenant(), who, passwords, &address_key(address)).await;
    changed.map_err(|error| match error {
        AccountError::WrongPassword => ApiError::Refused(StatusCode::UNAUTHORIZED, "Invalid password"),
        AccountError::Invalid { message, .. } => Rejection::invalid("new", message).into(),
        other => other.into(),
    })?;
    Ok(done())
}

/// Mails a token that sets a new password. Whether the address has an account is not told.
#[utoipa::path(
    post,
    path = "/api/v1/auth/forgot",
    request_body = ForgotBody,
    responses(
        (status = 200, body = Success<Done>),
        (status = 400, body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
)]
pub(super) async fn forgot_password(
    State(chatify): State<Chatify>,
    Form(body, ..): Form<ForgotBody, ChatifyDialect>,
) -> Result<Response, ApiError> {
    if !is_email(&body.email) {
        return Err(Rejection::invalid("email", "must be an email address").into());
    }
    let tenant = chatify.tenant()?;
    let place = chatify.mails().clone().try_acquire_owned().map_err(|_| Rejection::unavailable())?;
    // The answer does not wait: its time would tell whether there is an account.
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = mail_token(&chatify, &tenant, &body.email).await {
            tracing::warn!(%error, "a mail for a new password could not be queued");
        }
    });
    Ok(done())
}

async fn mail_token(chatify: &Chatify, tenant: &TenantId, email: &str) -> Result<(), String> {
    let reset = chatify.accounts().forgot(tenant, email).await.map_err(|error| error.to_string())?;
    let Some(reset) = reset else { return Ok(()) };
    let job = mail::reset(&reset, chatify.public_url()).into_job(tenant.clone());
    chatify.outbox().enqueue(job).await.map(|_| ()).map_err(|error| error.to_string())
}

/// Sets a new password by a mailed token, and signs out everywhere.
#[utoipa::path(
    post,
    path = "/api/v1/auth/reset",
    request_body = ResetBody,
    responses(
        (status = 200, body = Success<Done>),
        (status = 400, description = "The token is not good", body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
)]
pub(super) async fn reset_password(
    State(chatify): State<Chatify>,
    Form(body, ..): Form<ResetBody, ChatifyDialect>,
) -> Result<Response, ApiError> {
    let done_it = chatify.accounts().reset(&chatify.tenant()?, &body.token, &body.password).await;
    done_it.map_err(|error| match error {
        AccountError::BadToken => Rejection::invalid("token", "is wrong, used, or too old").into(),
        other => ApiError::from(other),
    })?;
    Ok(done())
}
