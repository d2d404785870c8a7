//! Making and reading tokens at the command line.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::errors::{InvalidReason, SignError, TokenError};
use super::token::Parts;

/// What a token says, without any verification.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// How it claims to be signed.
    pub header: serde_json::Value,
    /// What it claims.
    pub claims: serde_json::Value,
}

/// Signs claims with a tenant's secret.
///
/// # Errors
/// The claims are no JSON object.
pub fn sign_hs256<T: Serialize>(claims: &T, secret: &str) -> Result<String, SignError> {
    let key = EncodingKey::from_secret(secret.as_bytes());
    Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)?)
}

/// Reads a token for people; it proves nothing.
///
/// # Errors
/// Not the form of a token.
pub fn inspect(token: &str) -> Result<Inspection, TokenError> {
    let parts = Parts::of(token)?;
    let value =
        |json: Vec<u8>| serde_json::from_slice(&json).map_err(|_| TokenError::Invalid(InvalidReason::Malformed));
    Ok(Inspection { header: value(parts.header_json()?)?, claims: value(parts.payload_json()?)? })
}
