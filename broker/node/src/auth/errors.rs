//! Why a token or a key is refused.

use thiserror::Error;

/// Why a token does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Signed well, but its time is over or has not come: `exp`, `nbf` or `expire_at`.
    #[error("the token is expired")]
    Expired,
    /// Not a token of the tenant.
    #[error("the token is invalid: {0}")]
    Invalid(InvalidReason),
    /// The tenant's key set could not be fetched, so nobody knows; worth another try.
    #[error("the tenant's keys are not reachable")]
    KeysUnavailable,
}

/// What is invalid about a token. For metrics and logs; a client is told no more than "invalid".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum InvalidReason {
    /// No key of the tenant made the signature.
    #[error("signature")]
    Signature,
    /// The tenant does not accept the algorithm.
    #[error("algorithm")]
    Algorithm,
    /// The audience is not a tenant, or not this one.
    #[error("tenant")]
    Tenant,
    /// No key of the tenant has the token's `kid`.
    #[error("key_unknown")]
    KeyUnknown,
    /// Not the form of a token, or claims of wrong types.
    #[error("malformed")]
    Malformed,
    /// Claims that are missing or do not fit: a channel in a connection token, none in a subscription token, another
    /// user, no expiry where the tenant requires one.
    #[error("claims")]
    Claims,
}

impl InvalidReason {
    /// Label of metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Algorithm => "algorithm",
            Self::Tenant => "tenant",
            Self::KeyUnknown => "key_unknown",
            Self::Malformed => "malformed",
            Self::Claims => "claims",
        }
    }
}

/// A tenant's key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("tenant {tenant}: {key}: {message}")]
pub struct KeyError {
    /// The tenant's id.
    pub tenant: String,
    /// The configuration's key.
    pub key: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// Claims that cannot be signed.
#[derive(Debug, Error)]
#[error("the claims cannot be signed: {0}")]
pub struct SignError(#[from] pub(super) jsonwebtoken::errors::Error);
