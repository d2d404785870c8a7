//! The outer form of a token: three parts, of which the first says how it is signed (RFC 7515, section 3.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;

use super::errors::{InvalidReason, TokenError};

/// Longest token in bytes.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Longest key id in bytes.
const KID_BYTES_MAX: usize = 256;

/// A token taken apart; nothing in it is verified.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    /// Header, dot, payload: what the signature covers.
    pub(super) signed: &'a str,
    /// Signature in base64url.
    pub(super) signature: &'a str,
    header: &'a str,
    payload: &'a str,
}

/// What the header says. Everything else it may hold (`jku`, `jwk`, `x5u`, `x5c`) is not read at all.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
}

#[derive(Deserialize)]
struct RawHeader {
    alg: String,
    kid: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

const MALFORMED: TokenError = TokenError::Invalid(InvalidReason::Malformed);

impl<'a> Parts<'a> {
    /// Takes a token apart.
    pub(super) fn of(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(MALFORMED);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
        let (header, payload) = signed.split_once('.').ok_or(MALFORMED)?;
        if payload.contains('.') || header.is_empty() || payload.is_empty() {
            return Err(MALFORMED);
        }
        Ok(Self { signed, signature, header, payload })
    }

    /// Reads the header. An algorithm that no configuration can allow, "none" among them, ends here.
    pub(super) fn header(&self) -> Result<Header, TokenError> {
        let raw: RawHeader = serde_json::from_slice(&self.header_json()?).map_err(|_| MALFORMED)?;
        // RFC 7515 section 4.1.11: an extension that must be understood, and is not.
        if raw.crit.is_some() || raw.kid.as_ref().is_some_and(|kid| kid.len() > KID_BYTES_MAX) {
            return Err(MALFORMED);
        }
        let algorithm = algorithm(&raw.alg).ok_or(TokenError::Invalid(InvalidReason::Algorithm))?;
        Ok(Header { algorithm, kid: raw.kid })
    }

    pub(super) fn header_json(&self) -> Result<Vec<u8>, TokenError> {
        URL_SAFE_NO_PAD.decode(self.header).map_err(|_| MALFORMED)
    }

    pub(super) fn payload_json(&self) -> Result<Vec<u8>, TokenError> {
        URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| MALFORMED)
    }
}

fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "HS256" => Algorithm::HS256,
        "HS384" => Algorithm::HS384,
        "HS512" => Algorithm::HS512,
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" => Algorithm::EdDSA,
        _ => return None,
    })
}
