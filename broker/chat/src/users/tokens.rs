//! Which tokens count, and the users that they make.

use std::sync::Arc;

use natter_core::TenantId;
use natter_node::session::{Close, CloseKind, Control, Target};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::model::{User, UserPatch};

/// The close code "invalid token" of the real-time protocols: a client does not come back with the same token.
const INVALID_TOKEN: u16 = 3500;

impl Chat {
    /// The user of a valid token, made if it is not there; `issued_at` in Unix seconds.
    ///
    /// # Errors
    /// [`ChatError::Revoked`] when the token is from before the user's deletion or a revocation, or tells no time and
    /// there has been one; the id cannot be taken.
    pub async fn ensure_user(
        &self,
        tenant: &TenantId,
        id: &str,
        issued_at: Option<i64>,
    ) -> Result<Arc<User>, ChatError> {
        let admit = |user: &User| if user.accepts_token(issued_at) { Ok(()) } else { Err(ChatError::Revoked) };
        if let Some(user) = self.find_user(tenant, id).await? {
            admit(&user)?;
            if user.is_alive() {
                return Ok(user);
            }
        }
        let (user, _) = self.upsert_if(tenant, id, &UserPatch::default(), admit).await?;
        Ok(user)
    }

    /// Makes all tokens void that the user has got so far, and ends its connections.
    ///
    /// # Errors
    /// [`Missing::User`].
    pub async fn revoke_tokens(&self, tenant: &TenantId, id: &str) -> Result<Arc<User>, ChatError> {
        let now_ms = self.now_ms();
        let change = self.change_user(tenant, id, |user| {
            let mut user = user.filter(|user| user.is_alive()).cloned().ok_or(ChatError::NotFound(Missing::User))?;
            user.void_tokens(now_ms);
            Ok(Some(user))
        });
        let user = change.await?.after;
        self.disconnect_user(tenant, id);
        Ok(user)
    }

    /// Ends all connections of a user whose tokens are void.
    pub(super) fn disconnect_user(&self, tenant: &TenantId, id: &str) {
        let target =
            Target { tenant: tenant.clone(), user: id.to_owned(), client: None, session: None, except: Vec::new() };
        let close = Close { code: INVALID_TOKEN, reason: "invalid token".into(), kind: CloseKind::Auth };
        self.0.broker.control(target, Control::Disconnect(close));
    }
}
