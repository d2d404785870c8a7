//! Who a connection is: verification of the signed tokens that tenants' backends give to their users.
//!
//! A token's tenant is its `aud` claim, else the one of the plugin. Only the algorithms configured for a tenant's own
//! keys ever pass; nothing in a token's header chooses a key except `kid`, and that only within the tenant's key set.
//! Tokens with local keys are verified without waiting; a key set behind a URL may have to be fetched first, which is
//! why the answer is a [`Verified`].

mod authenticator;
mod claims;
mod errors;
mod fetch;
mod issue;
mod jwks;
mod keys;
mod raw;
mod source;
mod token;
mod verifier;

#[cfg(test)]
mod tests;

pub use authenticator::Authenticator;
pub use claims::{ConnectionClaims, Override, SubscribeOptions, SubscriptionClaims, TokenPurpose};
pub use errors::{InvalidReason, KeyError, SignError, TokenError};
pub use issue::{Inspection, inspect, sign_hs256};
pub use source::{TokenSource, TokenSources};
pub use token::TOKEN_BYTES_MAX;
pub use verifier::{Pending, TokenVerifier, Verified};
