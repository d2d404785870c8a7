//! Users.

use natter_core::EntityId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name that a deleted user's messages carry.
pub(crate) const DELETED_NAME: &str = "Deleted user";

/// A user of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The id that the tenant knows the user by; 1 to 128 characters.
    pub id: String,
    /// The 96-bit id that documents with 24 hex digits show.
    pub entity: EntityId,
    /// What is shown of the user.
    #[serde(flatten)]
    pub profile: Profile,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds of the last change.
    pub updated_at: i64,
    /// Tokens issued before this, in Unix seconds, do not count any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_valid_from: Option<i64>,
    /// Unix milliseconds of the deletion; the row stays so that old tokens and messages meet it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<i64>,
    /// Whether a deletion has not removed everything of the user yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_leaving: bool,
}

/// What is shown of a user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Display name.
    pub name: String,
    /// Shown to the tenant's backend only, unless a document says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// URL of an avatar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The tenant's own data.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub custom: Map<String, Value>,
}

/// A change of a profile: `None` leaves a field, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserPatch {
    /// Display name; cleared, it is the id.
    pub name: Option<Option<String>>,
    /// Email address.
    pub email: Option<Option<String>>,
    /// URL of an avatar.
    pub image: Option<Option<String>>,
    /// Replaces all of the tenant's own data.
    pub custom: Option<Option<Map<String, Value>>>,
}

/// A user beside a message or in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserBrief {
    /// The id that the tenant knows the user by.
    pub id: String,
    /// The 96-bit id.
    pub entity: EntityId,
    /// Display name.
    pub name: String,
    /// URL of an avatar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// How far ahead of now, in seconds, revocations that follow each other quickly may push [`User::tokens_valid_from`].
const AHEAD_MAX_S: i64 = 10;

impl User {
    /// Whether the user has not been deleted.
    pub fn is_alive(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Whether a token of this time counts. One without a time cannot be told from those that were revoked.
    pub fn accepts_token(&self, issued_at: Option<i64>) -> bool {
        self.tokens_valid_from.is_none_or(|from| issued_at.is_some_and(|at| at >= from))
    }

    /// The time that a token made now has to bear, in Unix seconds. Directly after a revocation it is a little ahead of
    /// `now_s`: times of tokens have no fractions, and those of the same second that came before do not count.
    pub fn token_time(&self, now_s: i64) -> i64 {
        self.tokens_valid_from.map_or(now_s, |from| from.max(now_s))
    }

    /// Makes all tokens of up to now void.
    pub(crate) fn void_tokens(&mut self, now_ms: i64) {
        let now_s = now_ms.div_euclid(1_000);
        let after_last = self.tokens_valid_from.map_or(0, |from| from + 1).min(now_s + AHEAD_MAX_S);
        self.tokens_valid_from = Some(after_last.max(now_s + 1));
    }

    /// The user beside a message.
    pub fn brief(&self) -> UserBrief {
        if !self.is_alive() {
            return UserBrief::deleted(&self.id, self.entity);
        }
        let Profile { name, image, .. } = &self.profile;
        UserBrief { id: self.id.clone(), entity: self.entity, name: name.clone(), image: image.clone() }
    }
}

impl UserBrief {
    /// A user who is gone.
    pub(crate) fn deleted(id: &str, entity: EntityId) -> Self {
        Self { id: id.to_owned(), entity, name: DELETED_NAME.to_owned(), image: None }
    }
}
