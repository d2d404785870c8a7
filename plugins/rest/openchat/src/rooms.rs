//! Rooms: making, finding, listing.

use futures_util::stream::{self, StreamExt};
use natter_chat::{ChannelPatch, ChannelType, ChatError, Conversation, NewChannel, UserPatch};
use natter_core::EntityId;
use natter_rest::Rejection;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::accounts::rows;
use crate::caller::Caller;
use crate::check;
use crate::errors::{ApiError, Code};
use crate::list::Entries;
use crate::open_chat::OpenChat;
use crate::room::{EXTRA, Room, RoomExtra, RoomView};
use crate::side::Side;

/// Rooms of one page, at most.
const PAGE_MAX: u32 = 200;
/// Rooms that are looked at side by side.
const LOOKS_AT_ONCE: usize = 32;

/// A room to be made, or found.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewRoom {
    /// The partner's id of the shop, 1 to 128 characters.
    #[schema(example = "shop_001")]
    pub shop_id: String,
    /// The partner's id of the user, 1 to 128 characters.
    #[schema(example = "cust_123")]
    pub user_id: String,
    /// Display name of the shop.
    #[schema(example = "My Shop")]
    pub shop_name: Option<String>,
    /// Display name of the user.
    #[schema(example = "John Doe")]
    pub user_name: Option<String>,
    /// Has to be the caller's, if given.
    pub username: Option<String>,
}

/// Which rooms.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RoomsQuery {
    /// 1 to 200; all without it.
    pub(crate) limit: Option<u32>,
    /// A room's id: those behind it.
    pub(crate) before: Option<String>,
}

impl OpenChat {
    /// Finds the room of a shop and a user, or makes it; true when it is new. Names that are given are taken over.
    ///
    /// # Errors
    /// 1000, 4000, 4003.
    pub async fn open_room(&self, caller: &Caller, new: NewRoom) -> Result<(RoomView, bool), ApiError> {
        let (room, conversation, is_new) = self.ensure_room(caller, new).await?;
        Ok((room.view(&conversation), is_new))
    }

    /// [`OpenChat::open_room`], as those need it who go on with the room.
    pub(crate) async fn ensure_room(
        &self,
        caller: &Caller,
        new: NewRoom,
    ) -> Result<(Room, Conversation, bool), ApiError> {
        caller.check_username(new.username.as_deref())?;
        check_new(&new)?;
        require_own(caller, &new)?;
        let (shop, user) = (Side::Shop.member(&new.shop_id), Side::User.member(&new.user_id));
        self.ensure_user(caller, &shop, new.shop_name.as_deref().filter(|_| may_name(caller, Side::Shop))).await?;
        self.ensure_user(caller, &user, new.user_name.as_deref().filter(|_| may_name(caller, Side::User))).await?;
        let (overview, is_new) = self.chat().create_channel(caller.tenant(), &shop, new_channel(user, &new)).await?;
        let id = overview.channel.id;
        self.index_room(caller, id).await?;
        let mut conversation = self.chat().conversation(caller.tenant(), id).await?;
        let mut room = Room::of(caller.username(), &conversation).ok_or(ApiError::NO_ROOM)?;
        let named = renamed(caller, &room, &new);
        if named != room.extra() || !conversation.channel.extra.contains_key(EXTRA) {
            let patch = ChannelPatch { extra: named.into_extra(), ..ChannelPatch::default() };
            self.chat().change_channel_details(caller.tenant(), &shop, id, patch).await?;
            conversation = self.chat().conversation(caller.tenant(), id).await?;
            room = Room::of(caller.username(), &conversation).ok_or(ApiError::NO_ROOM)?;
        }
        Ok((room, conversation, is_new))
    }

    /// A room by its id, as the caller may see it.
    ///
    /// # Errors
    /// 1000 for what is no id, 1004 when there is none, 4003 when it is not the caller's.
    pub async fn room(&self, caller: &Caller, room_id: &str) -> Result<Room, ApiError> {
        Ok(self.conversation(caller, check::object_id("room_id", room_id)?).await?.0)
    }

    /// A room with all that is shown of it.
    ///
    /// # Errors
    /// As [`OpenChat::room`].
    pub async fn room_view(&self, caller: &Caller, room_id: &str) -> Result<RoomView, ApiError> {
        let (room, conversation) = self.conversation(caller, check::object_id("room_id", room_id)?).await?;
        Ok(room.view(&conversation))
    }

    /// The rooms of a side, the one with the newest message first.
    ///
    /// # Errors
    /// 1000, 4003, and 1005 when there is none.
    pub(crate) async fn rooms(
        &self,
        caller: &Caller,
        side: Side,
        id: &str,
        query: RoomsQuery,
    ) -> Result<Entries<RoomView>, ApiError> {
        check::id("id", id)?;
        caller.require_side(side, id)?;
        if query.limit.is_some_and(|limit| !(1..=PAGE_MAX).contains(&limit)) {
            return Err(Rejection::invalid("limit", format!("must be 1 to {PAGE_MAX}")).into());
        }
        let before = query.before.as_deref().map(|before| check::object_id("before", before)).transpose()?;
        let mut ids = self.rooms_of(caller, side, id).await?;
        if let Some(before) = before {
            let place = ids.iter().position(|id| *id == before).ok_or(ApiError::NO_ROOM)?;
            ids.drain(..=place);
        }
        ids.truncate(query.limit.map_or(usize::MAX, |limit| limit as usize));
        let (open_chat, caller) = (self.clone(), caller.clone());
        let views = stream::iter(ids).map(move |id| {
            let (open_chat, caller) = (open_chat.clone(), caller.clone());
            async move { open_chat.listed(&caller, id).await.transpose() }
        });
        Ok(views.buffered(LOOKS_AT_ONCE).filter_map(std::future::ready).boxed())
    }

    /// Ids of the rooms of a side, the one with the newest message first.
    ///
    /// # Errors
    /// 1005 when there is none.
    pub(crate) async fn rooms_of(&self, caller: &Caller, side: Side, id: &str) -> Result<Vec<EntityId>, ApiError> {
        let ids = self.chat().conversations_of(caller.tenant(), &side.member(id)).await?;
        if ids.is_empty() {
            return Err(ApiError::Refused(Code::NoRecords, "No chatrooms found"));
        }
        Ok(ids)
    }

    /// A room of the caller's tenant, whatever becomes of a scope.
    pub(crate) async fn found(&self, caller: &Caller, id: EntityId) -> Result<Option<(Room, Conversation)>, ApiError> {
        match self.chat().conversation(caller.tenant(), id).await {
            Ok(conversation) => Ok(Room::of(caller.username(), &conversation).map(|room| (room, conversation))),
            Err(ChatError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn conversation(&self, caller: &Caller, id: EntityId) -> Result<(Room, Conversation), ApiError> {
        let Some((room, conversation)) = self.found(caller, id).await? else {
            let owner = rows::get::<String>(self.store(), &rows::room(&id.to_hex())).await?;
            let is_others = owner.is_some_and(|(_, owner)| owner != caller.tenant().as_str());
            return Err(if is_others { ApiError::FORBIDDEN_ROOM } else { ApiError::NO_ROOM });
        };
        match caller.scope() {
            Some(scope) if room.id_of(scope.by) != scope.id => Err(ApiError::FORBIDDEN_ROOM),
            _ => Ok((room, conversation)),
        }
    }

    /// A room of a list; `None` when it has gone meanwhile.
    async fn listed(&self, caller: &Caller, id: EntityId) -> Result<Option<RoomView>, ApiError> {
        Ok(self.found(caller, id).await?.map(|(room, conversation)| room.view(&conversation)))
    }

    async fn ensure_user(&self, caller: &Caller, member: &str, name: Option<&str>) -> Result<(), ApiError> {
        let patch = UserPatch { name: name.map(|name| Some(name.to_owned())), ..UserPatch::default() };
        self.chat().upsert_user(caller.tenant(), member, patch).await?;
        Ok(())
    }

    /// Notes whose a room is, so that another partner is told apart from nobody.
    async fn index_room(&self, caller: &Caller, id: EntityId) -> Result<(), ApiError> {
        // A conflict says that it is noted already.
        rows::put(self.store(), &rows::room(&id.to_hex()), 0, &caller.tenant().as_str()).await?;
        Ok(())
    }
}

fn check_new(new: &NewRoom) -> Result<(), ApiError> {
    check::id("shop_id", &new.shop_id)?;
    check::id("user_id", &new.user_id)?;
    new.shop_name.as_deref().map_or(Ok(()), |name| check::name("shop_name", name))?;
    new.user_name.as_deref().map_or(Ok(()), |name| check::name("user_name", name))
}

/// A side makes rooms of its own only.
fn require_own(caller: &Caller, new: &NewRoom) -> Result<(), ApiError> {
    match caller.scope().map(|scope| scope.by) {
        Some(Side::Shop) => caller.require_side(Side::Shop, &new.shop_id),
        Some(Side::User) => caller.require_side(Side::User, &new.user_id),
        None => Ok(()),
    }
}

/// A side says what it is called itself, and not what the other one is.
fn may_name(caller: &Caller, side: Side) -> bool {
    caller.scope().is_none_or(|scope| scope.by == side)
}

fn new_channel(user: String, new: &NewRoom) -> NewChannel {
    let NewRoom { shop_id, user_id, shop_name, user_name, .. } = new.clone();
    NewChannel {
        kind: ChannelType::Messaging,
        name: String::new(),
        description: None,
        image: None,
        members: vec![user],
        workspace: None,
        extra: RoomExtra { shop_id, user_id, shop_name, user_name }.into_extra(),
    }
}

/// What the room's names are after a call that may give some.
fn renamed(caller: &Caller, room: &Room, new: &NewRoom) -> RoomExtra {
    let name = |side, given: &Option<String>| {
        let known = room.name_of(side).map(str::to_owned);
        if may_name(caller, side) { given.clone().or(known) } else { known.or_else(|| given.clone()) }
    };
    RoomExtra {
        shop_id: new.shop_id.clone(),
        user_id: new.user_id.clone(),
        shop_name: name(Side::Shop, &new.shop_name),
        user_name: name(Side::User, &new.user_name),
    }
}
