//! A chat as it is shown.

use natter_chat::{Channel, ChannelOverview, ChannelType, ChatError, Member};
use natter_core::{EntityId, TenantId};

use super::extra::{ChatExtra, allows_public_post, is_admin, is_group};
use super::people::People;
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::Answer;
use crate::shapes::chat::{CampusChat, CampusSeen};
use crate::shapes::participant::CampusParticipant;
use crate::shapes::user::{CampusUser, CampusUserRef};
use crate::shapes::value::{CampusId, CampusTime};

/// Participants that a chat names.
const PARTICIPANTS_MAX: usize = 500;

/// How much of its users a chat shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// The creator and all participants.
    All,
    /// The creator; of participants the ids.
    Creator,
    /// Ids only.
    None,
}

/// A channel with the members that are shown of it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) channel: Channel,
    pub(crate) members: Vec<Member>,
    /// Unix milliseconds of the newest message.
    pub(crate) activity_at: i64,
}

impl Seen {
    fn updated_at(&self) -> i64 {
        self.channel.updated_at.max(self.activity_at)
    }

    /// The other one of two, as somebody sees them.
    pub(crate) fn other(&self, user: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.user != user)
    }
}

impl Campus {
    /// A channel with its members.
    ///
    /// # Errors
    /// The store fails, or the channel is gone.
    pub(crate) async fn seen(&self, tenant: &TenantId, channel: EntityId) -> Result<Seen, ChatError> {
        let overview = self.chat().channel_from_outside(tenant, "", channel).await?;
        self.with_members(tenant, overview).await
    }

    /// An overview with its members.
    ///
    /// # Errors
    /// As [`Campus::seen`].
    pub(crate) async fn with_members(&self, tenant: &TenantId, overview: ChannelOverview) -> Result<Seen, ChatError> {
        let mut members = self.chat().members_unasked(tenant, overview.channel.id).await?;
        members.truncate(PARTICIPANTS_MAX);
        Ok(Seen { channel: overview.channel, members, activity_at: overview.activity_at })
    }

    /// A chat as `viewer` sees it; a chat of two has the other one's name.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn shown(&self, tenant: &TenantId, viewer: &str, seen: &Seen, names: Names) -> Answer<CampusChat> {
        let extra = ChatExtra::of(&seen.channel);
        let mut ids: Vec<&str> = seen.members.iter().map(|member| member.user.as_str()).collect();
        ids.push(&seen.channel.creator);
        ids.extend(extra.user.as_deref());
        let people = self.people(tenant, ids).await?;
        let chat = seen.channel.id.to_hex();
        let is_group = is_group(&seen.channel);
        let event = if is_group { self.graph().event_of(tenant, &chat).await?.map(|(id, _)| id) } else { None };
        // A chat of two has no category of its own.
        let category = if is_group { extra.category.clone() } else { self.settings().categories.first().cloned() };
        let tags = match &category {
            Some(category) => self.graph().tags(tenant, category).await?,
            None => Vec::new(),
        };
        let shows = Shows { campus: self, tenant, people: &people, names };
        let other = seen.other(viewer).and_then(|other| people.get(&other.user)).filter(|_| !is_group);
        let partner = (!is_group).then(|| shows.partner(seen, &extra)).flatten();
        Ok(CampusChat {
            id: CampusId(seen.channel.id),
            creator: shows.user(&seen.channel.creator, names != Names::None, false),
            user: partner.map(|user| shows.user(user, names != Names::None, true)),
            is_group,
            category,
            name: if is_group { Some(seen.channel.name.clone()) } else { other.map(|other| other.name.clone()) },
            allow_public_post: is_group.then(|| allows_public_post(&seen.channel)),
            participants: seen.members.iter().map(|member| shows.participant(&seen.channel, member)).collect(),
            event,
            photo: if is_group { seen.channel.image.clone() } else { other.and_then(|other| other.photo.clone()) },
            restricted: is_group.then_some(extra.restricted),
            tags,
            created_at: CampusTime(seen.channel.created_at),
            updated_at: CampusTime(seen.updated_at()),
            seen: CampusSeen::default(),
        })
    }

    /// What a participant sees of a chat beside what everyone sees.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn shown_to(&self, caller: &Caller, overview: ChannelOverview) -> Answer<CampusChat> {
        let tenant = caller.tenant();
        let last_message = match &overview.last_message {
            Some(message) => Some(self.message_view(tenant, message).await?),
            None => None,
        };
        let seen = CampusSeen {
            unread: Some(overview.unread),
            last_message: Some(last_message),
            is_joined: Some(overview.membership.is_some()),
            are_you_admin: overview.membership.as_ref().is_some_and(|own| is_admin(&overview.channel, own)),
            participants_count: Some(overview.channel.member_count),
            ..CampusSeen::default()
        };
        let with_members = self.with_members(tenant, overview).await?;
        let chat = self.shown(tenant, caller.id(), &with_members, Names::All).await?;
        Ok(CampusChat { seen, ..chat })
    }

    /// One participant, by the id of its user.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn participant_view(
        &self,
        tenant: &TenantId,
        channel: &Channel,
        member: &Member,
    ) -> Answer<CampusParticipant> {
        let user = self.person(tenant, &member.user).await?;
        Ok(CampusParticipant::new(CampusUserRef::Id(user.id), is_admin(channel, member), member))
    }
}

/// What users are shown with.
struct Shows<'a> {
    campus: &'a Campus,
    tenant: &'a TenantId,
    people: &'a People,
    names: Names,
}

impl Shows<'_> {
    fn user(&self, id: &str, is_named: bool, with_presence: bool) -> CampusUserRef {
        let missing = || CampusUserRef::Id(CampusId(EntityId([0; 12])));
        self.people.get(id).map_or_else(missing, |user| match is_named {
            true => CampusUserRef::User(self.present(user.clone(), id, with_presence)),
            false => CampusUserRef::Id(user.id),
        })
    }

    fn present(&self, user: CampusUser, id: &str, with_presence: bool) -> CampusUser {
        user.online(with_presence && self.campus.chat().is_online(self.tenant, id))
    }

    fn participant(&self, channel: &Channel, member: &Member) -> CampusParticipant {
        let user = self.user(&member.user, self.names == Names::All, true);
        CampusParticipant::new(user, is_admin(channel, member), member)
    }

    /// The user that a chat of two was made with.
    fn partner<'a>(&self, seen: &'a Seen, extra: &'a ChatExtra) -> Option<&'a str> {
        debug_assert!(seen.channel.kind == ChannelType::Messaging);
        let known = extra.user.as_deref().filter(|user| self.people.get(user).is_some());
        known.or_else(|| seen.other(&seen.channel.creator).map(|other| other.user.as_str()))
    }
}
