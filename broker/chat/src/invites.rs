//! Invites: tokens by which users join a workspace, as often and as long as the invite says.
//!
//! Who joins is written into the invite first, under its version, so that racing users never exceed its uses; a user who
//! is in it already costs no further use and can repeat a join that failed on the way.

use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::model::{Invite, NewInvite, Role, WorkspaceView};
use crate::rows::Table;

/// Invites: partition the token.
pub(crate) const INVITES: Table<Invite> = Table::new("chat_invites");
const USES_MAX: u64 = 1_000;
const DAYS_MAX: u64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Random bytes of a token.
const TOKEN_BYTES: usize = 20;

impl Invite {
    /// Whether a user can join by it: a use is left, or it is one of those who have used it.
    fn admits(&self, user: Option<&str>, now_ms: i64) -> bool {
        now_ms < self.expires_at && ((self.used_by.len() as u64) < self.max_uses || self.is_used_by(user))
    }

    fn is_used_by(&self, user: Option<&str>) -> bool {
        self.used_by.iter().any(|known| Some(known.as_str()) == user)
    }
}

impl Chat {
    /// Makes an invite to a workspace that the caller is an admin of.
    ///
    /// # Errors
    /// The caller is no admin or does not belong to it; a field's value cannot be taken.
    pub async fn create_invite(
        &self,
        tenant: &TenantId,
        caller: &str,
        workspace: EntityId,
        new: NewInvite,
    ) -> Result<Invite, ChatError> {
        if self.require_workspace(tenant, caller, workspace).await? < Role::Admin {
            return Err(ChatError::Forbidden("only admins of the workspace can invite"));
        }
        check(&new)?;
        let now_ms = self.now_ms();
        let invite = Invite {
            token: new_token(),
            workspace,
            role: new.role,
            max_uses: new.max_uses,
            used_by: Vec::new(),
            creator: caller.to_owned(),
            created_at: now_ms,
            expires_at: now_ms + DAY_MS * new.expires_in_days as i64,
        };
        match INVITES.create(self.store(), tenant, &invite.token, "", &invite).await? {
            None => Ok(invite),
            Some(_) => Err(ChatError::Unavailable),
        }
    }

    /// An invite by which users can still join.
    ///
    /// # Errors
    /// [`Missing::Invite`] when there is none, or it is used up or has expired.
    pub async fn invite(&self, tenant: &TenantId, token: &str) -> Result<Invite, ChatError> {
        let found = self.find_invite(tenant, token).await?;
        found.filter(|invite| invite.admits(None, self.now_ms())).ok_or(ChatError::NotFound(Missing::Invite))
    }

    /// Joins a workspace. Who belongs to it already stays as it is and uses nothing up.
    ///
    /// # Errors
    /// [`Missing::Invite`] when there is none, or it is used up or has expired.
    pub async fn join_workspace(&self, tenant: &TenantId, user: &str, token: &str) -> Result<WorkspaceView, ChatError> {
        let invite = self.find_invite(tenant, token).await?;
        let invite = invite.filter(|invite| invite.admits(Some(user), self.now_ms()));
        let invite = invite.ok_or(ChatError::NotFound(Missing::Invite))?;
        match self.require_workspace(tenant, user, invite.workspace).await {
            Ok(_) => return self.workspace(tenant, user, invite.workspace).await,
            Err(ChatError::NotFound(_)) => self.require_room(tenant, user).await?,
            Err(error) => return Err(error),
        }
        self.use_invite(tenant, user, token).await?;
        self.enter_workspace(tenant, user, invite.workspace, invite.role).await?;
        self.workspace(tenant, user, invite.workspace).await
    }

    async fn use_invite(&self, tenant: &TenantId, user: &str, token: &str) -> Result<(), ChatError> {
        let now_ms = self.now_ms();
        let written = INVITES.update(self.store(), tenant, token, "", |invite| {
            let invite = invite.filter(|invite| invite.admits(Some(user), now_ms));
            let mut invite = invite.cloned().ok_or(ChatError::NotFound(Missing::Invite))?;
            if invite.is_used_by(Some(user)) {
                return Ok(None);
            }
            invite.used_by.push(user.to_owned());
            Ok(Some(invite))
        });
        written.await.map(|_| ())
    }

    async fn find_invite(&self, tenant: &TenantId, token: &str) -> Result<Option<Invite>, ChatError> {
        let is_token = token.len() == TOKEN_BYTES * 2 && token.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_token {
            return Ok(None);
        }
        Ok(INVITES.get(self.store(), tenant, token, "").await?.map(|row| row.value))
    }
}

fn check(new: &NewInvite) -> Result<(), ChatError> {
    if !(1..=USES_MAX).contains(&new.max_uses) {
        return Err(ChatError::invalid("maxUses", format!("1 to {USES_MAX}")));
    }
    if !(1..=DAYS_MAX).contains(&new.expires_in_days) {
        return Err(ChatError::invalid("expiresInDays", format!("1 to {DAYS_MAX}")));
    }
    match new.role {
        Role::Member | Role::Admin => Ok(()),
        Role::Owner => Err(ChatError::invalid("role", "member or admin")),
    }
}

fn new_token() -> String {
    let random: [u8; TOKEN_BYTES] = rand::random();
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}
