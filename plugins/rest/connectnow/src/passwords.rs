//! A chat's password, which lets people join, and the address of the page that asks for the rest.

use natter_chat::ChatError;
use natter_core::EntityId;
use natter_node::config::Secret;
use natter_rest::random_text;

use crate::connect_now::ConnectNow;
use crate::errors::ApiError;
use crate::rows::PASSWORDS;
use crate::shapes::ShareView;

/// Characters of a password.
const CHARACTERS: usize = 20;

impl ConnectNow {
    /// The chat's password: the same each time, unless a new one is wanted.
    pub(crate) async fn share(&self, chat: EntityId, is_new_wanted: bool) -> Result<ShareView, ApiError> {
        let new = random_text(CHARACTERS)?;
        let choose =
            |known: Option<&String>| Ok::<_, ChatError>((known.is_none() || is_new_wanted).then(|| new.clone()));
        let known = PASSWORDS.update(self.store(), &self.tenant(), &chat.to_hex(), "", choose).await?;
        let password = known.map_or(new, |known| known.value);
        // After the hash sign, so that no server and no log sees it.
        let url = format!("{}#password={password}", self.join_url(chat));
        Ok(ShareView { password, url })
    }

    /// Whether this is the chat's password; one that was never shared has none.
    pub(crate) async fn is_password(&self, chat: EntityId, offered: &str) -> Result<bool, ApiError> {
        let known = PASSWORDS.get(self.store(), &self.tenant(), &chat.to_hex(), "").await?;
        Ok(known.is_some_and(|known| Secret::new(known.value).matches(offered)))
    }

    /// The page where people join.
    pub(crate) fn join_url(&self, chat: EntityId) -> String {
        format!("{}/join/{}", self.public_url(), chat.to_hex())
    }

    /// The chat is gone.
    pub(crate) async fn forget_password(&self, chat: EntityId) -> Result<(), ApiError> {
        PASSWORDS.delete(self.store(), &self.tenant(), &chat.to_hex(), "").await?;
        Ok(())
    }
}
