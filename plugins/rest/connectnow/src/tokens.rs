//! Chat-user tokens: 60 letters and digits that act as one user in one chat for 30 days.
//!
//! A row leads from the hash to the user. The token counts for as long as the membership it was made for lasts: somebody
//! who was removed and comes back needs a new one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use natter_chat::{ChatError, Member, chat_channel};
use natter_core::EntityId;
use natter_node::auth::{ConnectionClaims, InvalidReason, TokenError, TokenSource, Verified};
use natter_rest::{random_text, sha256_hex};
use natter_store::READ_BYTES_MAX;
use serde::{Deserialize, Serialize};

use crate::caller::Visitor;
use crate::connect_now::ConnectNow;
use crate::errors::ApiError;
use crate::rows::{TOKENS, TOKENS_TABLE, shelf};

/// Characters of a token.
const CHARACTERS: usize = 60;
/// How long a token is good.
const LIFETIME_MS: i64 = 30 * 24 * 3_600 * 1_000;
/// Time between two rounds that delete tokens whose time is over.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3_600);
/// Rows of one read.
const PAGE_ROWS: usize = 1_000;

/// What a token's hash leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    chat: EntityId,
    user: String,
    /// The membership.
    member: EntityId,
    /// Unix milliseconds.
    expires_at: i64,
}

/// Whether a text has the form of a token.
fn is_token(text: &str) -> bool {
    text.len() == CHARACTERS && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl ConnectNow {
    /// Makes a token. Answers with it and its end in Unix milliseconds.
    pub(crate) async fn make_token(&self, chat: EntityId, member: &Member) -> Result<(String, i64), ApiError> {
        let token = random_text(CHARACTERS)?;
        let hash = sha256_hex(&token);
        let expires_at = self.now_ms() + LIFETIME_MS;
        let row = Token { chat, user: member.user.clone(), member: member.id, expires_at };
        TOKENS.put(self.store(), &self.tenant(), shelf(&hash), &hash, &row).await?;
        Ok((token, expires_at))
    }

    /// Whose a token is; `None` for one of nobody, and one whose time or membership is over.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn visitor_of(&self, token: &str) -> Result<Option<Visitor>, ApiError> {
        let Some(found) = self.token_row(token).await? else { return Ok(None) };
        if found.expires_at <= self.now_ms() {
            return Ok(None);
        }
        match self.chat().membership(&self.tenant(), &found.user, found.chat).await {
            Ok(member) if member.id == found.member => {
                Ok(Some(Visitor { chat: found.chat, user: found.user.clone(), expires_at: found.expires_at }))
            }
            Ok(_) | Err(ChatError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn token_row(&self, token: &str) -> Result<Option<Arc<Token>>, ApiError> {
        if !is_token(token) {
            return Ok(None);
        }
        let hash = sha256_hex(token);
        if let Some(known) = self.0.tokens.get(&hash) {
            return Ok(Some(known));
        }
        let found = TOKENS.get(self.store(), &self.tenant(), shelf(&hash), &hash).await?;
        let found = found.map(|found| Arc::new(found.value));
        if let Some(found) = &found {
            self.0.tokens.insert(hash, Arc::clone(found));
        }
        Ok(found)
    }

    async fn claims_of(self, token: String) -> Result<ConnectionClaims, TokenError> {
        let visitor = self.visitor_of(&token).await.map_err(|_| TokenError::KeysUnavailable)?;
        let visitor = visitor.ok_or(TokenError::Invalid(InvalidReason::Signature))?;
        let tenant = self.tenant();
        Ok(ConnectionClaims {
            channels: vec![chat_channel(&tenant, visitor.chat)],
            tenant: Arc::from(tenant.as_str()),
            user: visitor.user,
            expire_at: u64::try_from(visitor.expires_at / 1_000).ok(),
            issued_at: u64::try_from((visitor.expires_at - LIFETIME_MS) / 1_000).ok(),
            info: None,
            subs: Default::default(),
            meta: None,
            purpose: None,
            login: None,
        })
    }

    /// Deletes tokens whose time is over, from time to time, until the runtime ends or nobody else holds this.
    pub(crate) fn start_sweeping(&self) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP_INTERVAL).await;
                let Some(inner) = inner.upgrade() else { return };
                if let Err(error) = Self(inner).sweep_tokens().await {
                    tracing::warn!(?error, "expired tokens could not be deleted");
                }
            }
        });
    }

    /// One round over all partitions.
    pub(crate) async fn sweep_tokens(&self) -> Result<(), ChatError> {
        for prefix in 0..=u8::MAX {
            self.sweep_shelf(&format!("{prefix:02x}")).await?;
        }
        Ok(())
    }

    async fn sweep_shelf(&self, shelf: &str) -> Result<(), ChatError> {
        let (tenant, now_ms) = (self.tenant(), self.now_ms());
        let mut after: Option<String> = None;
        loop {
            let page =
                self.store().scan_rows(&tenant, TOKENS_TABLE, shelf, after.as_deref(), PAGE_ROWS, READ_BYTES_MAX);
            let names: Vec<String> = page.await?.into_iter().map(|(name, _)| name).collect();
            let Some(last) = names.last() else { return Ok(()) };
            after = Some(last.clone());
            for name in &names {
                let is_over = |known: &Token| known.expires_at <= now_ms;
                TOKENS.delete_if(self.store(), &tenant, shelf, name, is_over).await?;
            }
        }
    }
}

impl TokenSource for ConnectNow {
    fn connection(&self, token: &str, _now: SystemTime) -> Option<Verified<ConnectionClaims>> {
        is_token(token).then(|| Verified::Pending(Box::pin(self.clone().claims_of(token.to_owned()))))
    }
}
