//! Mentions: which users a text names after `@`.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use natter_core::TenantId;

use super::check::{ID_MAX, is_of_id};
use super::index::goes_by;
use crate::chat::Chat;
use crate::error::ChatError;
use crate::model::User;

/// Mentions of one text that are looked at.
const TOKENS_MAX: usize = 50;
/// Mentions that are looked up side by side.
const AT_ONCE: usize = 16;
/// Readings of one token that are tried.
const READINGS_MAX: usize = 6;

/// What a text says after `@`, in order, without repeats, at most 50. An `@` inside a word or an e-mail address begins
/// nothing, and punctuation at the end belongs to the sentence.
pub(crate) fn mention_tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut previous = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        if first != '@' || previous.is_some_and(is_of_word) {
            (previous, rest) = (Some(first), after);
            continue;
        }
        let token = token(after);
        (previous, rest) = (token.chars().next_back().or(Some('@')), &after[token.len()..]);
        let token = token.trim_end_matches(is_of_sentence);
        if !token.is_empty() && !tokens.iter().any(|known| known == token) {
            tokens.push(token.to_owned());
        }
        if tokens.len() == TOKENS_MAX {
            break;
        }
    }
    tokens
}

/// The longest beginning of a text that could be an id or a name: an `@` in it stands inside a word.
fn token(text: &str) -> &str {
    let mut previous = None;
    let end = text.char_indices().find(|&(_, character)| {
        let starts_another = character == '@' && !previous.is_some_and(is_of_word);
        previous = Some(character);
        starts_another || !is_of_token(character)
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// Names have letters and digits of all scripts.
fn is_of_token(character: char) -> bool {
    character.is_alphanumeric() || is_of_id(character)
}

/// What an `@` after it cannot begin a mention.
fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || "_-+".contains(character)
}

fn is_of_sentence(character: char) -> bool {
    "-.:@+|".contains(character)
}

/// What a token may mean in lower case, the longest first: the sentence may have gone on without a space.
fn readings(token: &str) -> Vec<&str> {
    let mut readings = Vec::new();
    let mut reading = token;
    while !reading.is_empty() && readings.len() < READINGS_MAX {
        if reading.len() <= ID_MAX {
            readings.push(reading);
        }
        let bare = reading.trim_end_matches('_');
        let cut = if bare.len() < reading.len() { Some(bare.len()) } else { reading.rfind(['.', ':', '|', '+']) };
        reading = cut.map_or("", |cut| reading[..cut].trim_end_matches(is_of_sentence));
    }
    readings
}

impl Chat {
    /// The users that tokens of [`mention_tokens`] name: by id in any case, else by name ("Alice Johnson" as
    /// `alice-johnson`). Of several with one name, the first by id.
    ///
    /// # Errors
    /// The store fails.
    pub async fn resolve_mentions(
        &self,
        tenant: &TenantId,
        tokens: &[String],
    ) -> Result<Vec<Option<String>>, ChatError> {
        let looks = stream::iter(tokens).map(|token| self.resolve_mention(tenant, token));
        looks.buffered(AT_ONCE).boxed().try_collect().await
    }

    async fn resolve_mention(&self, tenant: &TenantId, token: &str) -> Result<Option<String>, ChatError> {
        for reading in readings(token) {
            if let Some(user) = self.named(tenant, reading).await? {
                return Ok(Some(user.id.clone()));
            }
        }
        Ok(None)
    }

    async fn named(&self, tenant: &TenantId, reading: &str) -> Result<Option<Arc<User>>, ChatError> {
        let handle = reading.to_lowercase();
        for id in [reading, &handle] {
            if let Some(user) = self.user(tenant, id).await? {
                return Ok(Some(user));
            }
        }
        let mut named = None;
        for id in self.ids_of_handle(tenant, &handle).await? {
            let Some(user) = self.user(tenant, &id).await?.filter(|user| goes_by(user, &handle)) else { continue };
            if user.id.to_lowercase() == handle {
                return Ok(Some(user));
            }
            named = named.or(Some(user));
        }
        Ok(named)
    }
}
