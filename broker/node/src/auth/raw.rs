//! The claims as they stand in a token, of both kinds. Which of them count is decided in `claims`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::claims::{Override, TokenPurpose};
use super::errors::{InvalidReason, TokenError};

/// Claims of connection and subscription tokens; unknown ones are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawClaims {
    pub(super) sub: Option<String>,
    pub(super) aud: Option<Audience>,
    pub(super) exp: Option<Seconds>,
    pub(super) nbf: Option<Seconds>,
    pub(super) iat: Option<Seconds>,
    pub(super) expire_at: Option<Seconds>,
    pub(super) info: Option<Box<RawValue>>,
    pub(super) b64info: Option<String>,
    pub(super) data: Option<Box<RawValue>>,
    pub(super) b64data: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) client: Option<String>,
    pub(super) channels: Option<Vec<String>>,
    pub(super) subs: Option<BTreeMap<String, RawOptions>>,
    pub(super) meta: Option<Box<RawValue>>,
    #[serde(rename = "use")]
    pub(super) purpose: Option<TokenPurpose>,
    #[serde(rename = "override")]
    pub(super) overriding: Option<Override>,
}

/// One entry of `subs`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawOptions {
    pub(super) info: Option<Box<RawValue>>,
    pub(super) b64info: Option<String>,
    pub(super) data: Option<Box<RawValue>>,
    pub(super) b64data: Option<String>,
    #[serde(rename = "override")]
    pub(super) overriding: Option<Override>,
}

/// `aud`: one name or several (RFC 7519, section 4.1.3).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// A NumericDate (RFC 7519, section 2): seconds since 1970, fractions cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seconds(pub(super) i64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and a fraction is cut off on purpose")]
        let cut = |number: f64| number as i64;
        number
            .as_i64()
            .or_else(|| number.as_f64().map(cut))
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not a number of seconds"))
    }
}

impl RawClaims {
    pub(super) fn parse(json: &[u8]) -> Result<Self, TokenError> {
        serde_json::from_slice(json).map_err(|_| TokenError::Invalid(InvalidReason::Malformed))
    }

    /// The names of `aud`; an empty list says as little as none.
    pub(super) fn audience(&self) -> &[String] {
        self.aud.as_ref().map_or(&[], Audience::names)
    }
}

/// JSON as bytes, or what the base64 variant of the claim holds, which wins.
pub(super) fn bytes(json: Option<Box<RawValue>>, base64: Option<String>) -> Result<Option<Bytes>, TokenError> {
    match base64.filter(|text| !text.is_empty()) {
        Some(text) => {
            let decoded = STANDARD.decode(text).map_err(|_| TokenError::Invalid(InvalidReason::Malformed))?;
            Ok(Some(Bytes::from(decoded)))
        }
        None => Ok(json.map(|json| Bytes::from(String::from(Box::<str>::from(json))))),
    }
}
