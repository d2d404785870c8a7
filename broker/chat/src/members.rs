//! Members: who belongs to a channel, with which role, and since when.
//!
//! The truth is a row per member under the channel; a row per channel under the user is its index, which reads check.
//! Changes of one channel's membership are made one at a time.

pub(crate) mod administration;
pub(crate) mod change;
mod roster;

use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::hot::HotChannel;
use crate::model::{Member, Role, User};
use crate::rows::{Table, Versioned};

pub(crate) use roster::Roster;

/// Members of a channel: partition the channel, row the user.
pub(crate) const MEMBERS: Table<Member> = Table::new("chat_members");
/// Channels of a user: partition the user, row the channel.
pub(crate) const CHANNELS_OF: Table<()> = Table::new("chat_channels_of");
/// Users that are looked up side by side.
const LOOKS_AT_ONCE: usize = 64;
/// Members that a channel may have.
pub(crate) const MEMBERS_MAX: usize = 100_000;
/// Channels that a user may belong to.
pub(crate) const CHANNELS_OF_MAX: usize = 100_000;

impl Chat {
    /// All members of a channel, in the order of their joining.
    ///
    /// # Errors
    /// [`Missing::Channel`] when the caller may not see it.
    pub async fn members(&self, tenant: &TenantId, caller: &str, channel: EntityId) -> Result<Vec<Member>, ChatError> {
        let hot = self.visible(tenant, caller, channel).await?;
        let mut members = self.roster(&hot).await?.all();
        members.sort_by_key(|member| (member.joined_at, member.id));
        Ok(members)
    }

    /// The caller's membership of a channel.
    ///
    /// # Errors
    /// [`Missing::Channel`] when there is none.
    pub async fn membership(&self, tenant: &TenantId, caller: &str, channel: EntityId) -> Result<Member, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        self.member(&hot, caller).await?.ok_or(ChatError::NotFound(Missing::Channel))
    }

    /// A member of a channel, by the id of the membership.
    ///
    /// # Errors
    /// [`Missing::Member`].
    pub async fn member_by_id(&self, tenant: &TenantId, channel: EntityId, id: EntityId) -> Result<Member, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let found = self.roster(&hot).await?.find(|member| member.id == id);
        found.ok_or(ChatError::NotFound(Missing::Member))
    }

    /// A channel that the caller may see: as a member, or because it is open to all.
    pub(crate) async fn visible(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
    ) -> Result<Arc<HotChannel>, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let is_open = hot.channel.read().value.kind.is_open();
        match is_open || self.member(&hot, caller).await?.is_some() {
            true => Ok(hot),
            false => Err(ChatError::NotFound(Missing::Channel)),
        }
    }

    /// A channel that the caller is a member of.
    pub(crate) async fn own(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
    ) -> Result<(Arc<HotChannel>, Member), ChatError> {
        let hot = self.hot(tenant, channel).await?;
        match self.member(&hot, caller).await? {
            Some(member) => Ok((hot, member)),
            None if hot.channel.read().value.kind.is_open() => Err(ChatError::Forbidden("join the channel first")),
            None => Err(ChatError::NotFound(Missing::Channel)),
        }
    }

    /// A channel that the caller has at least this role in.
    pub(crate) async fn ruled(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        least: Role,
    ) -> Result<(Arc<HotChannel>, Member), ChatError> {
        let (hot, member) = self.own(tenant, caller, channel).await?;
        match member.role >= least {
            true => Ok((hot, member)),
            false => Err(ChatError::Forbidden("your role in this channel does not allow it")),
        }
    }

    /// One member, from memory if all of them are there, else from its row.
    pub(crate) async fn member(&self, hot: &HotChannel, user: &str) -> Result<Option<Member>, ChatError> {
        if let Some(roster) = hot.roster.get() {
            return Ok(roster.get(user));
        }
        let found = MEMBERS.get(self.store(), &hot.tenant, &hot.id.to_hex(), user).await?;
        Ok(found.map(|found| found.value))
    }

    /// All members, loaded when somebody needs them first.
    pub(crate) async fn roster<'a>(&self, hot: &'a HotChannel) -> Result<&'a Roster, ChatError> {
        hot.roster
            .get_or_try_init(|| async {
                // While it loads, changes wait: none of them is missed.
                let _turn = hot.membership.lock().await;
                let rows = MEMBERS.all(self.store(), &hot.tenant, &hot.id.to_hex(), MEMBERS_MAX).await?;
                Ok(Roster::new(rows.into_iter().map(|(_, member)| member)))
            })
            .await
    }

    /// Users of the tenant by id, in the order asked for.
    ///
    /// # Errors
    /// An invalid `field` that names those who are not there.
    pub(crate) async fn known_users(
        &self,
        tenant: &TenantId,
        users: &[String],
        field: &'static str,
    ) -> Result<Vec<User>, ChatError> {
        let looks =
            stream::iter(users).map(|user| async move { Ok::<_, ChatError>((user, self.user(tenant, user).await?)) });
        let found: Vec<_> = looks.buffered(LOOKS_AT_ONCE).boxed().try_collect::<Vec<_>>().await?;
        let unknown: Vec<&str> = found.iter().filter(|(_, user)| user.is_none()).map(|(id, _)| id.as_str()).collect();
        if !unknown.is_empty() {
            return Err(ChatError::invalid(field, format!("unknown users: {}", unknown.join(", "))));
        }
        Ok(found.into_iter().filter_map(|(_, user)| user).map(|user| (*user).clone()).collect())
    }

    /// Changes one member's row by a pure function; `None` leaves it.
    pub(crate) async fn change_member(
        &self,
        hot: &HotChannel,
        user: &str,
        change: impl Fn(&Member) -> Option<Member>,
    ) -> Result<Member, ChatError> {
        let partition = hot.id.to_hex();
        let changed: Option<Versioned<Member>> = MEMBERS
            .update(self.store(), &hot.tenant, &partition, user, |member| match member {
                Some(member) => Ok(change(member)),
                None => Err(ChatError::NotFound(Missing::Member)),
            })
            .await?;
        let changed = changed.ok_or(ChatError::NotFound(Missing::Member))?;
        if let Some(roster) = hot.roster.get() {
            roster.put(changed.clone());
        }
        Ok(changed.value)
    }

    /// Ids of the channels that a user's index names. A hint: some of them may be gone.
    pub(crate) async fn channels_of(&self, tenant: &TenantId, user: &str) -> Result<Arc<Vec<EntityId>>, ChatError> {
        let key = (tenant.clone(), user.to_owned());
        if let Some(known) = self.0.channels_of.get(&key) {
            return Ok(known);
        }
        let generation = self.0.channels_of_changes.load(std::sync::atomic::Ordering::SeqCst);
        let rows = CHANNELS_OF.all(self.store(), tenant, user, CHANNELS_OF_MAX).await?;
        let channels: Vec<_> = rows.iter().filter_map(|(row, _)| EntityId::parse_hex(row)).collect();
        let channels = Arc::new(channels);
        // What was read while somebody joined or left is not remembered.
        if self.0.channels_of_changes.load(std::sync::atomic::Ordering::SeqCst) == generation {
            self.0.channels_of.insert(key, Arc::clone(&channels));
        }
        Ok(channels)
    }
}
