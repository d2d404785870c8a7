//! Deleting users.
//!
//! The mark on the row comes first: from then on the user is gone for everybody and its tokens are void. What belongs to
//! the user is removed after it; a deletion that fails on the way is finished by the next one, or by what makes the user
//! anew.

use natter_core::TenantId;

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::model::{Profile, User};

impl Chat {
    /// Deletes a user with its profile, memberships, devices and preferences. Its messages stay.
    ///
    /// # Errors
    /// [`Missing::User`].
    pub async fn delete_user(&self, tenant: &TenantId, id: &str) -> Result<(), ChatError> {
        let now_ms = self.now_ms();
        let change = self.change_user(tenant, id, |user| match user {
            Some(user) if user.is_alive() => Ok(Some(tombstone(user, now_ms))),
            Some(user) if user.is_leaving => Ok(None),
            _ => Err(ChatError::NotFound(Missing::User)),
        });
        change.await?;
        self.disconnect_user(tenant, id);
        self.finish_deletion(tenant, id).await
    }

    /// Removes what belongs to a deleted user; harmless when some of it is gone already.
    pub(super) async fn finish_deletion(&self, tenant: &TenantId, id: &str) -> Result<(), ChatError> {
        Box::pin(self.leave_everything(tenant, id)).await?;
        self.leave_workspaces(tenant, id).await?;
        self.remove_devices(tenant, id).await?;
        self.remove_preferences(tenant, id).await?;
        self.remove_blocks(tenant, id).await?;
        self.forget_activity(tenant, id).await?;
        let change = self.change_user(tenant, id, |user| {
            Ok(user.filter(|user| user.is_leaving).map(|user| User { is_leaving: false, ..user.clone() }))
        });
        change.await.map(|_| ())
    }
}

fn tombstone(user: &User, now_ms: i64) -> User {
    let mut gone = User {
        profile: Profile::default(),
        updated_at: now_ms,
        deleted_at: Some(now_ms),
        is_leaving: true,
        ..user.clone()
    };
    gone.void_tokens(now_ms);
    gone
}
