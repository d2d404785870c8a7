//! The two tokens of a user: one for calls, one for connections. Neither opens what the other does.

use natter_chat::User;
use natter_node::auth::{TokenPurpose, sign_hs256};
use natter_node::config::TokenAlgorithm;
use natter_node::tenant::Tenant;
use serde::Serialize;
use thiserror::Error;

/// What both tokens say.
#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    aud: &'a str,
    /// Unix seconds.
    iat: i64,
    exp: i64,
    #[serde(rename = "use")]
    purpose: TokenPurpose,
}

/// A user's tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) rest: String,
    pub(crate) realtime: String,
}

/// Why no token is made.
#[derive(Debug, Error)]
pub(crate) enum IssueError {
    /// The tenant verifies tokens by other keys, which natter does not have.
    #[error("this app signs its own tokens")]
    NoSecret,
    /// It could not be signed.
    #[error("a token cannot be signed")]
    Unsigned,
}

/// Makes a user's tokens, which are good for `lifetime_s` seconds.
///
/// # Errors
/// The tenant has no secret, or accepts no HS256.
pub(crate) fn issue(tenant: &Tenant, user: &User, now_s: i64, lifetime_s: u32) -> Result<Tokens, IssueError> {
    let settings = tenant.settings();
    let algorithms = &settings.token_algorithms;
    let is_accepted = algorithms.is_empty() || algorithms.contains(&TokenAlgorithm::HS256);
    if settings.token_secret.is_empty() || !is_accepted {
        return Err(IssueError::NoSecret);
    }
    let iat = user.token_time(now_s);
    let sign = |purpose| {
        let claims = Claims { sub: &user.id, aud: &settings.id, iat, exp: iat + i64::from(lifetime_s), purpose };
        sign_hs256(&claims, settings.token_secret.reveal()).map_err(|_| IssueError::Unsigned)
    };
    Ok(Tokens { rest: sign(TokenPurpose::Rest)?, realtime: sign(TokenPurpose::Realtime)? })
}
