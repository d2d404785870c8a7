//! `POST /chats`.

use axum::http::StatusCode;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::event::telling;
use natter_chat::{ChannelPatch, ChannelType, NewChannel};

use super::AT_ONCE;
use super::extra::ChatExtra;
use super::view::{Names, Seen};
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, Problem};
use crate::graph::MeetStatus;
use crate::push::Told;
use crate::shapes::chat::{CampusChat, CampusNewChat};
use crate::shapes::value::CampusId;

/// The category in which everyone can join.
const COURSES: &str = "Courses";
/// Characters of a group's name.
const NAME_MAX: usize = 100;
/// Participants that a group can be made with, and that can be added in one call.
pub(crate) const PARTICIPANTS_MAX: usize = 500;

/// A group's own values, checked.
struct NewGroup {
    name: String,
    category: String,
    restricted: bool,
    participants: Vec<CampusId>,
}

impl Campus {
    /// Makes a chat; a chat of two that is there already is the answer again, with 200.
    ///
    /// # Errors
    /// 400, 403, 404 as the document has them.
    pub(crate) async fn create(&self, caller: &Caller, new: CampusNewChat) -> Answer<(StatusCode, CampusChat)> {
        let socket = new.socket.as_ref().map(|socket| socket.0.clone());
        let (seen, is_new) = match new.is_group.unwrap_or_default() {
            true => (self.create_group(caller, new).await?, true),
            false => self.create_pair(caller, new).await?,
        };
        if is_new {
            self.tell_created(caller, &seen, socket.as_deref()).await?;
        }
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok((status, self.shown(caller.tenant(), caller.id(), &seen, Names::None).await?))
    }

    async fn create_pair(&self, caller: &Caller, new: CampusNewChat) -> Answer<(Seen, bool)> {
        let (user, meet) = pair_of(&new)?;
        if user.to_hex() == caller.hex() {
            return Err(Problem::invalid("user", "cannot be yourself"));
        }
        let tenant = caller.tenant();
        let other = self.chat().user_by_entity(tenant, user.0).await?.ok_or(Problem::NO_USER)?;
        self.check_meet(caller, &other.entity.to_hex(), meet).await?;
        self.check_blocks(caller, &other.id).await?;
        let extra = ChatExtra { user: Some(other.id.clone()), meet_me: Some(meet.to_hex()), ..ChatExtra::default() };
        let channel = NewChannel {
            kind: ChannelType::Messaging,
            name: String::new(),
            description: None,
            image: None,
            members: vec![other.id.clone()],
            workspace: None,
            extra: extra.clone().into_extra(),
        };
        let (overview, is_new) = telling(self.chat().create_channel(tenant, caller.id(), channel)).await?;
        let id = overview.channel.id;
        // One that another API has made learns of its connection.
        if ChatExtra::of(&overview.channel).meet_me.is_none() {
            let patch = ChannelPatch { extra: extra.into_extra(), ..ChannelPatch::default() };
            telling(self.chat().change_channel_details(tenant, caller.id(), id, patch)).await?;
        }
        Ok((self.seen(tenant, id).await?, is_new))
    }

    /// The connection that a chat of two needs.
    async fn check_meet(&self, caller: &Caller, other: &str, meet: CampusId) -> Answer<()> {
        let found = self.graph().meet(caller.tenant(), &meet.to_hex()).await?;
        let found = found.ok_or(Problem::Refused(StatusCode::NOT_FOUND, "Meet me connection not found"))?;
        if !found.is_between(&caller.hex(), other) {
            return Err(Problem::invalid("meetMe", "is not a connection between the two"));
        }
        match found.status {
            MeetStatus::Accepted => Ok(()),
            _ => Err(Problem::invalid("meetMe", "is not accepted")),
        }
    }

    /// Whether two may talk: neither has blocked the other, here or in another API.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn check_blocks(&self, caller: &Caller, other: &str) -> Answer<()> {
        let tenant = caller.tenant();
        let hex = self.person(tenant, other).await?.id.to_hex();
        let is_blocked = self.graph().is_blocked(tenant, &caller.hex(), &hex).await?
            || self.chat().is_blocked_either_way(tenant, caller.id(), other).await?;
        if is_blocked { Err(Problem::BLOCKED) } else { Ok(()) }
    }

    async fn create_group(&self, caller: &Caller, new: CampusNewChat) -> Answer<Seen> {
        let NewGroup { name, category, restricted, participants } = self.group_of(new)?;
        let tenant = caller.tenant();
        let members = self.user_ids(tenant, &participants).await?;
        self.check_invited(caller, &participants).await?;
        let extra = ChatExtra { category: Some(category), restricted, ..ChatExtra::default() };
        let channel = NewChannel {
            kind: ChannelType::Group,
            name,
            description: None,
            image: None,
            members,
            workspace: None,
            extra: extra.into_extra(),
        };
        let (overview, _) = telling(self.chat().create_channel(tenant, caller.id(), channel)).await?;
        let seen = self.with_members(tenant, overview).await?;
        self.enter_community(tenant, &seen).await?;
        Ok(seen)
    }

    fn group_of(&self, new: CampusNewChat) -> Answer<NewGroup> {
        if new.user.is_some() || new.meet_me.is_some() {
            let field = if new.user.is_some() { "user" } else { "meetMe" };
            return Err(Problem::invalid(field, "cannot be given for a group chat"));
        }
        let name = checked_name(new.name.as_deref().ok_or_else(|| Problem::invalid("name", "is required"))?)?;
        let category = new.category.ok_or_else(|| Problem::invalid("category", "is required"))?;
        self.check_category(&category)?;
        let participants = new.participants.ok_or_else(|| Problem::invalid("participants", "is required"))?;
        check_number(&participants)?;
        let restricted = may_restrict(&category) && new.restricted.unwrap_or_default();
        Ok(NewGroup { name, category, restricted, participants })
    }

    /// Whether there is such a category.
    ///
    /// # Errors
    /// 400.
    pub(crate) fn check_category(&self, category: &str) -> Answer<()> {
        match self.settings().categories.iter().any(|known| known == category) {
            true => Ok(()),
            false => Err(Problem::invalid("category", "is not known")),
        }
    }

    /// Whether the caller follows all of these users, or is connected with them; the caller may name itself.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn check_invited(&self, caller: &Caller, users: &[CampusId]) -> Answer<()> {
        let own = caller.hex();
        let others = users.iter().map(|user| user.to_hex()).filter(|user| *user != own);
        let looks = stream::iter(others.collect::<Vec<_>>()).map(|other| {
            let own = &own;
            async move { self.graph().may_invite(caller.tenant(), own, &other).await }
        });
        let may: Vec<bool> = looks.buffered(AT_ONCE).boxed().try_collect().await?;
        match may.into_iter().all(|may| may) {
            true => Ok(()),
            false => Err(Problem::forbidden("All participants must be followed by you or connected with you")),
        }
    }

    async fn tell_created(&self, caller: &Caller, seen: &Seen, socket: Option<&str>) -> Answer<()> {
        let tenant = caller.tenant();
        self.emit_created(tenant, seen, socket).await?;
        if seen.channel.kind == ChannelType::Group {
            let others = seen.members.iter().map(|member| member.user.clone()).filter(|user| user != caller.id());
            self.push(tenant, Told::Created, &seen.channel, caller.name(), others.collect()).await;
        }
        Ok(())
    }
}

/// What a chat of two needs, and nothing of a group's.
fn pair_of(new: &CampusNewChat) -> Answer<(CampusId, CampusId)> {
    let group_fields = [
        ("name", new.name.is_some()),
        ("category", new.category.is_some()),
        ("participants", new.participants.is_some()),
        ("restricted", new.restricted.is_some()),
    ];
    let user = new.user.ok_or_else(|| Problem::invalid("user", "is required"))?;
    if let Some((field, _)) = group_fields.into_iter().find(|(_, is_given)| *is_given) {
        return Err(Problem::invalid(field, "cannot be given together with user"));
    }
    let meet = new.meet_me.ok_or_else(|| Problem::invalid("meetMe", "is required"))?;
    Ok((user, meet))
}

/// A group's name without white space around it.
///
/// # Errors
/// 400 when it has not 1 to 100 characters.
pub(crate) fn checked_name(name: &str) -> Answer<String> {
    let name = name.trim();
    match (1..=NAME_MAX).contains(&name.chars().count()) {
        true => Ok(name.to_owned()),
        false => Err(Problem::invalid("name", format!("must have 1 to {NAME_MAX} characters"))),
    }
}

/// # Errors
/// 400 when it are not 1 to 500.
pub(crate) fn check_number(participants: &[CampusId]) -> Answer<()> {
    match (1..=PARTICIPANTS_MAX).contains(&participants.len()) {
        true => Ok(()),
        false => Err(Problem::invalid("participants", format!("must be 1 to {PARTICIPANTS_MAX} users"))),
    }
}

/// Whether groups of a category can be restricted.
pub(crate) fn may_restrict(category: &str) -> bool {
    category != COURSES
}

#[cfg(test)]
mod tests {
    use super::{checked_name, may_restrict};

    #[test]
    fn names_are_counted_in_characters() {
        assert_eq!(checked_name("  Math 101 ").unwrap(), "Math 101");
        assert!(checked_name(&"ü".repeat(100)).is_ok() && checked_name(&"ü".repeat(101)).is_err());
        assert!(checked_name(" \n").is_err());
    }

    #[test]
    fn courses_are_open() {
        assert!(!may_restrict("Courses") && may_restrict("Study"));
    }
}
