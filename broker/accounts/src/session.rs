//! A session: the family of the refresh tokens that follow one sign-in.
//!
//! A refresh token is the user, the session, the family's secret and a secret of its own. The row has the hashes of the
//! family's secret and of the newest token's. So a token of the family that is not the newest has been used before,
//! however long ago, while a made-up one is nobody's; and a row does not grow.

use natter_core::EntityId;
use serde::{Deserialize, Serialize};

use crate::error::AccountError;
use crate::secrets::{self, SECRET_CHARACTERS};

/// How long a refresh token is good, in milliseconds.
const REFRESH_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Digits of an id.
const ID_CHARACTERS: usize = 24;

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Unix milliseconds of the sign-in.
    pub created_at: i64,
    /// Unix milliseconds at which its newest refresh token ends.
    pub expires_at: i64,
    /// Hash of the family's secret.
    family: String,
    /// Hash of the newest token's own secret.
    newest: String,
}

/// A refresh token, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) user: EntityId,
    pub(crate) session: EntityId,
    family: String,
    own: String,
}

/// What a refresh token is to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The newest, which may be used.
    Newest,
    /// It was used before: somebody has a copy.
    Used,
    /// Of no meaning here, or too old.
    Void,
}

impl Session {
    /// Begins a family with its first token.
    pub(crate) fn begin(user: EntityId, session: EntityId, now_ms: i64) -> Result<(Self, RefreshToken), AccountError> {
        let token = RefreshToken { user, session, family: secrets::secret()?, own: secrets::secret()? };
        let begun = Self {
            created_at: now_ms,
            expires_at: now_ms + REFRESH_MS,
            family: secrets::hash(&token.family),
            newest: secrets::hash(&token.own),
        };
        Ok((begun, token))
    }

    /// The session as one that began at another time.
    pub(crate) fn begun_at(self, created_at: i64) -> Self {
        Self { created_at, ..self }
    }

    /// What a token is to this session.
    pub(crate) fn standing(&self, token: &RefreshToken, now_ms: i64) -> Standing {
        if !secrets::is_secret(&token.family, &self.family) {
            return Standing::Void;
        }
        match secrets::is_secret(&token.own, &self.newest) {
            false => Standing::Used,
            true if self.is_over(now_ms) => Standing::Void,
            true => Standing::Newest,
        }
    }

    /// The session with `next` as its newest token.
    pub(crate) fn renewed(&self, next: &RefreshToken, now_ms: i64) -> Self {
        Self { expires_at: now_ms + REFRESH_MS, newest: secrets::hash(&next.own), ..self.clone() }
    }

    pub(crate) fn is_over(&self, now_ms: i64) -> bool {
        self.expires_at <= now_ms
    }
}

impl RefreshToken {
    /// Reads one; `None` for what has not its form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_whole = text.len() == 2 * (ID_CHARACTERS + SECRET_CHARACTERS);
        if !is_whole || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let (user, rest) = text.split_at(ID_CHARACTERS);
        let (session, rest) = rest.split_at(ID_CHARACTERS);
        let (family, own) = rest.split_at(SECRET_CHARACTERS);
        Some(Self {
            user: EntityId::parse_hex(user)?,
            session: EntityId::parse_hex(session)?,
            family: family.to_owned(),
            own: own.to_owned(),
        })
    }

    /// The text that a client keeps.
    pub(crate) fn text(&self) -> String {
        format!("{}{}{}{}", self.user.to_hex(), self.session.to_hex(), self.family, self.own)
    }

    /// The token that follows this one.
    pub(crate) fn next(&self) -> Result<Self, AccountError> {
        Ok(Self { own: secrets::secret()?, ..self.clone() })
    }
}
