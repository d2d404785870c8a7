//! API users: those of the configuration, and those that were made at run time. Tokens are known by their hashes only.
//!
//! A user's id follows from the email address, so that companies stay whoever's they are when a user moves from the
//! configuration to the store or back.

use std::collections::HashMap;
use std::sync::Arc;

use natter_chat::is_plain_email;
use natter_chat::rows::Versioned;
use natter_core::{EntityId, TenantId};
use natter_node::config;
use natter_rest::{Rejection, random_text, sha256_hex};
use natter_store::Store;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::errors::rows_failed;
use crate::rows::{API_TOKENS, shelf};

/// Characters of a token that is made here.
const TOKEN_CHARACTERS: usize = 60;
/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 512;
/// Characters of a name.
const NAME_MAX: usize = 200;

/// Somebody who calls with an API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUser {
    /// 96 bits that follow from the email address.
    pub id: EntityId,
    /// Shown name.
    pub name: String,
    /// Address.
    pub email: String,
}

/// What an API token's hash leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    name: String,
    email: String,
}

/// An API token that has been made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewApiToken {
    /// 24 hex digits.
    pub user_id: String,
    /// Shown name.
    pub name: String,
    /// Address.
    pub email: String,
    /// The token, which is not shown again.
    pub api_token: String,
}

impl ApiUser {
    fn new(name: &str, email: &str) -> Self {
        Self { id: id_of(email), name: name.to_owned(), email: email.to_owned() }
    }

    /// The user of the domain who owns the chats.
    pub(crate) fn domain_id(&self) -> String {
        self.id.to_hex()
    }
}

fn id_of(email: &str) -> EntityId {
    let digest = Sha256::digest(format!("natter/connectnow/{}", email.to_lowercase()));
    let mut id = [0; 12];
    id.copy_from_slice(&digest[..12]);
    EntityId(id)
}

/// The users of the configuration, by the hashes of their tokens.
#[derive(Debug, Default)]
pub(crate) struct ConfiguredUsers(HashMap<String, Arc<ApiUser>>);

impl ConfiguredUsers {
    pub(crate) fn new(settings: &config::ConnectNow) -> Self {
        let users = settings
            .users
            .iter()
            .map(|user| (sha256_hex(user.api_token.reveal()), Arc::new(ApiUser::new(&user.name, &user.email))));
        Self(users.collect())
    }

    /// Whose a token is; those that were made at run time are looked for in the store.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn find(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        token: &str,
    ) -> Result<Option<Arc<ApiUser>>, Rejection> {
        if token.len() > TOKEN_BYTES_MAX {
            return Ok(None);
        }
        let hash = sha256_hex(token);
        if let Some(user) = self.0.get(&hash) {
            return Ok(Some(Arc::clone(user)));
        }
        let is_made_here = token.len() == TOKEN_CHARACTERS && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_made_here {
            return Ok(None);
        }
        let known = API_TOKENS.get(store, tenant, shelf(&hash), &hash).await.map_err(|error| rows_failed(&error))?;
        Ok(known.map(|Versioned { value: known, .. }| Arc::new(ApiUser::new(&known.name, &known.email))))
    }
}

/// Makes an API token for the user of an email address. Earlier ones stay good.
///
/// # Errors
/// The name or the address is none, or the store fails.
pub async fn issue_api_token(
    store: &dyn Store,
    tenant: &TenantId,
    name: &str,
    email: &str,
) -> Result<NewApiToken, Rejection> {
    let name = name.trim();
    if !(1..=NAME_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Rejection::invalid("name", format!("must have 1 to {NAME_MAX} characters")));
    }
    if !is_plain_email(email) {
        return Err(Rejection::invalid("email", "must be a valid email address"));
    }
    let user = ApiUser::new(name, email);
    let api_token = random_text(TOKEN_CHARACTERS)?;
    let hash = sha256_hex(&api_token);
    let known = Known { name: user.name.clone(), email: user.email.clone() };
    API_TOKENS.put(store, tenant, shelf(&hash), &hash, &known).await.map_err(|error| rows_failed(&error))?;
    Ok(NewApiToken { user_id: user.domain_id(), name: user.name, email: user.email, api_token })
}

#[cfg(test)]
mod tests {
    use natter_node::config::Secret;
    use natter_store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn a_user_is_the_same_wherever_the_token_comes_from() {
        let (store, tenant) = (MemoryStore::new(), TenantId::new("demo"));
        let user = config::ConnectNowUser {
            name: "Ada".to_owned(),
            email: "Ada@example.com".to_owned(),
            api_token: Secret::new("short"),
        };
        let configured =
            ConfiguredUsers::new(&config::ConnectNow { users: vec![user], ..config::ConnectNow::default() });
        let ada = configured.find(&store, &tenant, "short").await.unwrap().unwrap();
        let made = issue_api_token(&store, &tenant, "Ada again", "ada@example.com").await.unwrap();
        assert_eq!(made.api_token.len(), 60);
        let again = configured.find(&store, &tenant, &made.api_token).await.unwrap().unwrap();
        assert_eq!((again.id, again.name.as_str()), (ada.id, "Ada again"));
        for unknown in ["", "Short", &made.api_token[1..], &"a".repeat(60), &"a".repeat(100_000)] {
            assert_eq!(configured.find(&store, &tenant, unknown).await.unwrap(), None, "{unknown}");
        }
        let other = configured.find(&store, &TenantId::new("other"), &made.api_token).await.unwrap();
        assert_eq!(other, None);
        assert!(issue_api_token(&store, &tenant, " ", "ada@example.com").await.is_err());
        assert!(issue_api_token(&store, &tenant, "Ada", "ada").await.is_err());
    }
}
