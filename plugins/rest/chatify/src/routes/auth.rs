//! `/api/v1/auth`: signing in and out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use natter_accounts::{Credentials, NewAccount, SignedIn};
use natter_rest::{ClientAddress, Form, Rejection, address_key};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admission::Caller;
use crate::chatify::Chatify;
use crate::cookie;
use crate::envelope::{Done, Failure, Success, done, made, ok};
use crate::errors::{ApiError, ChatifyDialect};
use crate::views::UserView;

/// `POST /api/v1/auth/register`.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RegisterBody {
    /// 1 to 100 characters.
    #[schema(example = "John Doe")]
    name: String,
    /// An email address; unique in any letter case.
    #[schema(example = "john@example.com")]
    email: String,
    /// 8 to 128 characters.
    password: String,
}

/// `POST /api/v1/auth/login`.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct LoginBody {
    /// In any letter case.
    #[schema(example = "john@example.com")]
    email: String,
    /// As it was registered.
    password: String,
}

/// `POST /api/v1/auth/refreshtoken`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefreshBody {
    /// The newest refresh token; the cookie's where there is none.
    refresh_token: Option<String>,
}

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tokens {
    /// Good for 15 minutes, as `Authorization: Bearer` and for real-time connections.
    token: String,
    /// Good once, for 30 days.
    refresh_token: String,
}

/// Tokens with the user that they are for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignedInView {
    /// The user.
    user: UserView,
    #[serde(flatten)]
    tokens: Tokens,
}

impl Tokens {
    fn of(chatify: &Chatify, signed_in: &SignedIn) -> Result<Self, Rejection> {
        let token = chatify.access_token(&signed_in.user, signed_in.session)?;
        Ok(Self { token, refresh_token: signed_in.refresh_token.clone() })
    }
}

impl SignedInView {
    fn of(chatify: &Chatify, signed_in: &SignedIn) -> Result<Self, Rejection> {
        Ok(Self { user: UserView::of(&signed_in.user), tokens: Tokens::of(chatify, signed_in)? })
    }
}

/// Creates a user account.
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    request_body = RegisterBody,
    responses(
        (status = 201, body = Success<SignedInView>),
        (status = 400, body = Failure),
        (status = 409, description = "The address is taken", body = Failure),
        (status = 429, description = "Too many registrations from one address", body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
)]
pub(super) async fn register(
    State(chatify): State<Chatify>,
    ClientAddress(address): ClientAddress,
    Form(body, ..): Form<RegisterBody, ChatifyDialect>,
) -> Result<Response, ApiError> {
    let tenant = chatify.tenant()?;
    let per_minute = chatify.settings().registrations_per_minute;
    let limits = chatify.rest().limits();
    limits.take("chatify.register", tenant.as_str(), &address_key(address), per_minute).check()?;
    let RegisterBody { name, email, password } = body;
    let signed_in = chatify.accounts().register(&tenant, NewAccount { name, email, password }).await?;
    Ok(made(true, SignedInView::of(&chatify, &signed_in)?))
}

/// Signs a user in. The refresh token is set as a cookie as well.
#[utoipa::path(
    post,
    path = "/api/v1/auth/login",
    request_body = LoginBody,
    responses(
        (status = 200, body = Success<SignedInView>),
        (status = 400, body = Failure),
        (status = 401, description = "Wrong password, or no such user", body = Failure),
        (status = 429, description = "Too many failures", body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
)]
pub(super) async fn login(
    State(chatify): State<Chatify>,
    ClientAddress(address): ClientAddress,
    Form(body, ..): Form<LoginBody, ChatifyDialect>,
) -> Result<Response, ApiError> {
    let place = address_key(address);
    let shown = Credentials { email: &body.email, password: &body.password, place: &place };
    let signed_in = chatify.accounts().login(&chatify.tenant()?, shown).await?;
    let mut response = ok(SignedInView::of(&chatify, &signed_in)?);
    cookie::set(&mut response, &signed_in.refresh_token, chatify.is_secure());
    Ok(response)
}

/// Gives a new access token for a refresh token of the body or the cookie, which is used up by it.
#[utoipa::path(
    post,
    path = "/api/v1/auth/refreshtoken",
    request_body = RefreshBody,
    responses(
        (status = 200, body = Success<Tokens>),
        (status = 400, description = "No refresh token", body = Failure),
        (status = 401, description = "Not good, or used before: then all that came of it is void", body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
)]
pub(super) async fn refresh_token(
    State(chatify): State<Chatify>,
    headers: HeaderMap,
    Form(body, ..): Form<RefreshBody, ChatifyDialect>,
) -> Result<Response, ApiError> {
    let in_body = body.refresh_token.as_deref().filter(|token| !token.is_empty());
    let shown = in_body.or_else(|| cookie::read(&headers));
    let shown = shown.ok_or_else(|| Rejection::invalid("refreshToken", "is required"))?;
    let signed_in = chatify.accounts().refresh(&chatify.tenant()?, shown).await?;
    let mut response = ok(Tokens::of(&chatify, &signed_in)?);
    cookie::set(&mut response, &signed_in.refresh_token, chatify.is_secure());
    Ok(response)
}

/// Signs the user out: the token, its refresh tokens and the connections that were opened with them end at once.
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    responses(
        (status = 200, body = Success<Done>),
        (status = 401, body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn logout(State(chatify): State<Chatify>, caller: Caller) -> Result<Response, ApiError> {
    chatify.accounts().end_session(caller.tenant(), caller.id(), caller.session()).await?;
    let mut response = (StatusCode::OK, done()).into_response();
    cookie::clear(&mut response, chatify.is_secure());
    Ok(response)
}
