//! Rooms that sockets have joined, and how their logs are shown.
//!
//! A socket follows the room's log itself: one order for everyone, whichever API a message came by, and one encoding for
//! each form on the wire. What a message is shown with (the sides' ids and names) is kept here as long as a socket of the
//! node has joined the room.

use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use natter_chat::chat_channel;
use natter_chat::event::{Event, EventBody};
use natter_core::{ChannelKey, EntityId, Publication, TenantId};
use natter_node::domain::Domain;
use natter_node::realtime::{Args, FollowError, Render, Socket};
use natter_rest::Rejection;

use super::Live;
use super::session::GONE;
use crate::errors::ApiError;
use crate::events::{Audience, emits};
use crate::room::Room;

/// The rooms that are joined, by their channels. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct JoinedRooms(Arc<DashMap<Box<str>, Joined>>);

struct Joined {
    room: Arc<Room>,
    sockets: usize,
}

impl JoinedRooms {
    fn enter(&self, channel: &str, room: Room) {
        let mut joined = self.0.entry(channel.into()).or_insert_with(|| Joined { room: Arc::new(room), sockets: 0 });
        joined.sockets += 1;
    }

    fn exit(&self, channel: &str) {
        let Entry::Occupied(mut joined) = self.0.entry(channel.into()) else { return };
        joined.get_mut().sockets -= 1;
        if joined.get().sockets == 0 {
            joined.remove();
        }
    }

    fn get(&self, channel: &str) -> Option<Arc<Room>> {
        self.0.get(channel).map(|joined| Arc::clone(&joined.room))
    }

    fn rename(&self, channel: &str, renamed: Room) {
        if let Some(mut joined) = self.0.get_mut(channel) {
            joined.room = Arc::new(renamed);
        }
    }
}

impl Render for JoinedRooms {
    fn render(&self, channel: &str, publication: &Publication, emit: &mut dyn FnMut(&str, &Args)) {
        let Some(room) = self.get(channel) else { return };
        let Ok(event) = Event::decode(publication) else { return };
        if let EventBody::ChannelUpdated(updated) = &event.body
            && let Some(renamed) = room.renamed_by(updated)
        {
            self.rename(channel, renamed);
        }
        for shown in emits(&room, &event, publication.seq, publication.time_ms) {
            if shown.to == Audience::Room {
                emit(&shown.name, &Args::one(&shown.payload));
            }
        }
    }
}

impl Live {
    /// A socket gets a room's messages from now on.
    pub(super) async fn join(&self, socket: &Socket, room: Room) -> Result<(), ApiError> {
        let (session, id) = (self.0.sessions.begin(socket), room.id);
        match session.lock().enter(id) {
            Some(true) => {}
            Some(false) => return Ok(()),
            None => return Err(GONE),
        }
        let channel = channel_of(socket.tenant().id(), id);
        self.0.rooms.enter(channel.name(), room);
        let options = Domain::channel_options(self.0.open_chat.chat(), channel.name());
        if let Err(error) = socket.follow(channel.clone(), options).await {
            if session.lock().exit(id) {
                self.0.rooms.exit(channel.name());
            }
            return Err(follow_error(error));
        }
        Ok(())
    }

    /// A socket gets them no more. One that has not joined stays as it is.
    pub(super) async fn leave(&self, socket: &Socket, room: EntityId) {
        let Some(session) = self.0.sessions.get(socket.id()) else { return };
        let channel = channel_of(socket.tenant().id(), room);
        if session.lock().has_entered(room) {
            socket.unfollow(channel.clone()).await;
        }
        if session.lock().exit(room) {
            self.0.rooms.exit(channel.name());
        }
    }

    /// Sockets that are gone follow nothing.
    pub(super) fn exit_all(&self, tenant: &TenantId, rooms: Vec<EntityId>) {
        rooms.into_iter().for_each(|room| self.0.rooms.exit(channel_of(tenant, room).name()));
    }
}

fn channel_of(tenant: &TenantId, room: EntityId) -> ChannelKey {
    ChannelKey::new(tenant.clone(), chat_channel(tenant, room).as_str())
}

/// What a client is told when it cannot be put into a room.
pub(super) fn follow_error(error: FollowError) -> ApiError {
    match error {
        FollowError::Closed => GONE,
        FollowError::TooMany => Rejection::invalid("room_id", "is one more than a connection may join").into(),
        FollowError::Refused(_) => Rejection::unavailable().into(),
        FollowError::BadName | FollowError::NoRender => Rejection::internal(&error).into(),
    }
}
