//! Workspaces and who belongs to them.
//!
//! The truth is a row per workspace and a row per member under it; a row per workspace under the user is its index, which
//! reads check. The number of members is kept on the workspace's row.

use futures_util::{StreamExt, TryStreamExt, stream};
use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::model::{Invite, NewWorkspace, Role, Workspace, WorkspaceMember, WorkspaceView};
use crate::rows::Table;
use crate::validate;

/// Workspaces: partition the id.
const WORKSPACES: Table<Workspace> = Table::new("chat_workspaces");
/// Members: partition the workspace, row the user.
const MEMBERS: Table<WorkspaceMember> = Table::new("chat_workspace_members");
/// Workspaces of a user: partition the user, row the workspace.
const WORKSPACES_OF: Table<()> = Table::new("chat_workspaces_of");
/// Workspaces that a user may belong to.
const WORKSPACES_OF_MAX: usize = 1_000;
/// Workspaces that are looked at side by side.
const LOOKS_AT_ONCE: usize = 32;
/// Members that a workspace may have.
const MEMBERS_MAX: u64 = 100_000;
const NAME_MAX: usize = 200;
const KIND_MAX: usize = 50;

impl Chat {
    /// Makes a workspace with the caller as its admin.
    ///
    /// # Errors
    /// A field's value cannot be taken, or the caller belongs to 1,000 workspaces.
    pub async fn create_workspace(
        &self,
        tenant: &TenantId,
        caller: &str,
        new: NewWorkspace,
    ) -> Result<WorkspaceView, ChatError> {
        check(&new)?;
        self.require_room(tenant, caller).await?;
        let workspace = Workspace {
            id: self.new_id(),
            name: new.name.trim().to_owned(),
            kind: new.kind,
            image: new.image,
            creator: caller.to_owned(),
            member_count: 0,
            channel_count: 0,
            created_at: self.now_ms(),
        };
        WORKSPACES.create(self.store(), tenant, &workspace.id.to_hex(), "", &workspace).await?;
        self.enter_workspace(tenant, caller, workspace.id, Role::Admin).await?;
        self.workspace(tenant, caller, workspace.id).await
    }

    /// The workspaces that a user belongs to, in the order of joining.
    ///
    /// # Errors
    /// The store fails.
    pub async fn workspaces_of(&self, tenant: &TenantId, user: &str) -> Result<Vec<WorkspaceView>, ChatError> {
        let rows = WORKSPACES_OF.all(self.store(), tenant, user, WORKSPACES_OF_MAX).await?;
        let ids = rows.iter().filter_map(|(row, _)| EntityId::parse_hex(row));
        let views = stream::iter(ids).map(|id| self.workspace_view(tenant, user, id)).buffered(LOOKS_AT_ONCE).boxed();
        let mut views: Vec<_> = views.try_filter_map(async |view| Ok(view)).try_collect().await?;
        views.sort_by_key(|view| (view.joined_at, view.workspace.id));
        if let Some(first) = views.first_mut() {
            first.is_default = true;
        }
        Ok(views)
    }

    /// A workspace that the caller belongs to.
    ///
    /// # Errors
    /// [`Missing::Workspace`].
    pub async fn workspace(&self, tenant: &TenantId, caller: &str, id: EntityId) -> Result<WorkspaceView, ChatError> {
        let views = self.workspaces_of(tenant, caller).await?;
        views.into_iter().find(|view| view.workspace.id == id).ok_or(ChatError::NotFound(Missing::Workspace))
    }

    /// The workspace that an invite leads to, for whoever holds it.
    ///
    /// # Errors
    /// [`Missing::Invite`] when the workspace is gone.
    pub async fn invited_workspace(&self, tenant: &TenantId, invite: &Invite) -> Result<Workspace, ChatError> {
        let found = WORKSPACES.get(self.store(), tenant, &invite.workspace.to_hex(), "").await?;
        found.map(|found| found.value).ok_or(ChatError::NotFound(Missing::Invite))
    }

    /// Who belongs to the caller's workspace, in the order of their ids, after a user; at most 1,000.
    ///
    /// # Errors
    /// [`Missing::Workspace`].
    pub async fn workspace_members(
        &self,
        tenant: &TenantId,
        caller: &str,
        id: EntityId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<WorkspaceMember>, ChatError> {
        self.require_workspace(tenant, caller, id).await?;
        let rows = MEMBERS.page(self.store(), tenant, &id.to_hex(), after, limit.clamp(1, 1_000)).await?;
        Ok(rows.into_iter().map(|(_, member)| member.value).collect())
    }

    /// That a user belongs to a workspace. Answers with what it may do there.
    ///
    /// # Errors
    /// [`Missing::Workspace`].
    pub async fn require_workspace(&self, tenant: &TenantId, user: &str, id: EntityId) -> Result<Role, ChatError> {
        let member = self.workspace_member(tenant, user, id).await?;
        member.map(|member| member.role).ok_or(ChatError::NotFound(Missing::Workspace))
    }

    async fn workspace_view(
        &self,
        tenant: &TenantId,
        user: &str,
        id: EntityId,
    ) -> Result<Option<WorkspaceView>, ChatError> {
        let Some(member) = self.workspace_member(tenant, user, id).await? else { return Ok(None) };
        let workspace = WORKSPACES.get(self.store(), tenant, &id.to_hex(), "").await?;
        let WorkspaceMember { role, joined_at, .. } = member;
        Ok(workspace.map(|row| WorkspaceView { workspace: row.value, role, joined_at, is_default: false }))
    }

    async fn workspace_member(
        &self,
        tenant: &TenantId,
        user: &str,
        id: EntityId,
    ) -> Result<Option<WorkspaceMember>, ChatError> {
        Ok(MEMBERS.get(self.store(), tenant, &id.to_hex(), user).await?.map(|row| row.value))
    }

    /// A channel belongs to the workspace now.
    pub(crate) async fn workspace_channel_added(&self, tenant: &TenantId, id: EntityId) -> Result<(), ChatError> {
        self.count(tenant, id, |workspace| workspace.channel_count += 1).await
    }

    /// A channel of the workspace is gone.
    pub(crate) async fn workspace_channel_removed(&self, tenant: &TenantId, id: EntityId) -> Result<(), ChatError> {
        self.count(tenant, id, |workspace| workspace.channel_count = workspace.channel_count.saturating_sub(1)).await
    }

    /// That a user can belong to one more.
    pub(crate) async fn require_room(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        let rows = WORKSPACES_OF.all(self.store(), tenant, user, WORKSPACES_OF_MAX).await?;
        match rows.len() < WORKSPACES_OF_MAX {
            true => Ok(()),
            false => Err(ChatError::Conflict("the user belongs to as many workspaces as it may")),
        }
    }

    /// Makes a user a member; one who is one already stays as it is.
    pub(crate) async fn enter_workspace(
        &self,
        tenant: &TenantId,
        user: &str,
        id: EntityId,
        role: Role,
    ) -> Result<(), ChatError> {
        let (store, row) = (self.store(), id.to_hex());
        let workspace =
            WORKSPACES.get(store, tenant, &row, "").await?.ok_or(ChatError::NotFound(Missing::Workspace))?;
        if workspace.value.member_count >= MEMBERS_MAX {
            return Err(ChatError::Conflict("the workspace has as many members as it may"));
        }
        let member = WorkspaceMember { user: user.to_owned(), role, joined_at: self.now_ms() };
        WORKSPACES_OF.set(store, tenant, user, &row, &()).await?;
        match MEMBERS.create(store, tenant, &row, user, &member).await? {
            Some(_) => Ok(()),
            None => self.count(tenant, id, |workspace| workspace.member_count += 1).await,
        }
    }

    /// Takes a deleted user out of all workspaces. One whose only admin it was gets another: who has been there longest.
    pub(crate) async fn leave_workspaces(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        for (row, _) in WORKSPACES_OF.all(self.store(), tenant, user, WORKSPACES_OF_MAX).await? {
            if let Some(id) = EntityId::parse_hex(&row) {
                self.leave_workspace(tenant, user, id).await?;
            }
        }
        Ok(())
    }

    async fn leave_workspace(&self, tenant: &TenantId, user: &str, id: EntityId) -> Result<(), ChatError> {
        let row = id.to_hex();
        if let Some(gone) = MEMBERS.delete(self.store(), tenant, &row, user).await? {
            self.count(tenant, id, |workspace| workspace.member_count = workspace.member_count.saturating_sub(1))
                .await?;
            if gone.role >= Role::Admin {
                self.keep_admin(tenant, &row).await?;
            }
        }
        WORKSPACES_OF.remove(self.store(), tenant, user, &row).await
    }

    async fn keep_admin(&self, tenant: &TenantId, row: &str) -> Result<(), ChatError> {
        let members = MEMBERS.all(self.store(), tenant, row, MEMBERS_MAX as usize).await?;
        if members.iter().any(|(_, member)| member.value.role >= Role::Admin) {
            return Ok(());
        }
        let heir = members.into_iter().map(|(_, member)| member.value).min_by_key(|member| member.joined_at);
        let Some(heir) = heir else { return Ok(()) };
        let promotion = MEMBERS.update(self.store(), tenant, row, &heir.user, |member| {
            let member = member.filter(|member| member.role < Role::Admin);
            Ok::<_, ChatError>(member.map(|member| WorkspaceMember { role: Role::Admin, ..member.clone() }))
        });
        promotion.await.map(|_| ())
    }

    async fn count(&self, tenant: &TenantId, id: EntityId, change: impl Fn(&mut Workspace)) -> Result<(), ChatError> {
        let row = id.to_hex();
        let written = WORKSPACES.update(self.store(), tenant, &row, "", |workspace| {
            let mut workspace = workspace.cloned();
            workspace.iter_mut().for_each(&change);
            Ok::<_, ChatError>(workspace)
        });
        written.await.map(|_| ())
    }
}

fn check(new: &NewWorkspace) -> Result<(), ChatError> {
    let within = |text: &str, max: usize| (1..=max).contains(&text.trim().chars().count());
    if !within(&new.name, NAME_MAX) {
        return Err(ChatError::invalid("name", format!("1 to {NAME_MAX} characters")));
    }
    if !within(&new.kind, KIND_MAX) {
        return Err(ChatError::invalid("type", format!("1 to {KIND_MAX} characters")));
    }
    validate::url("image", new.image.as_deref())
}

#[cfg(test)]
mod tests;
