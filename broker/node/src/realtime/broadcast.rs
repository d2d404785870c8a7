//! An event to everyone in some rooms.

use std::sync::Arc;

use natter_core::{ClientInfo, Draft, Refusal};

use super::args::Args;
use super::room::{EXCEPT_MAX, RoomEvent, room_channel};
use super::sockets::{Scope, Sockets};

/// Says who gets an event, and then sends it.
///
/// Sockets in several of the rooms get it once. A socket's id stands for a room with this one member, on both sides.
#[derive(Clone)]
pub struct Broadcast {
    sockets: Sockets,
    scope: Scope,
    rooms: Vec<Arc<str>>,
    except: Vec<Arc<str>>,
    is_volatile: bool,
}

impl Broadcast {
    pub(super) fn new(sockets: Sockets, scope: Scope, room: &str) -> Self {
        Self { sockets, scope, rooms: vec![room.into()], except: Vec::new(), is_volatile: false }
    }

    /// To this room as well.
    pub fn to(mut self, room: &str) -> Self {
        self.rooms.push(room.into());
        self
    }

    /// Not to members of this room. Of all that is left out the first 64 count.
    pub fn except(mut self, room: &str) -> Self {
        self.except.push(room.into());
        self
    }

    /// Not to those who cannot be written to at once.
    pub fn volatile(mut self) -> Self {
        self.is_volatile = true;
        self
    }

    /// Sends the event; done when it is on its way to every member.
    ///
    /// # Errors
    /// When a room's owner has too much to do; the rooms before it have got the event.
    pub async fn emit(&self, event: &str, args: &Args) -> Result<(), Refusal> {
        let mut except: Vec<&str> = self.except.iter().map(AsRef::as_ref).take(EXCEPT_MAX).collect();
        for room in &self.rooms {
            match self.sockets.get(&self.scope, room) {
                Some(socket) => self.emit_to_one(&socket, &except, event, args),
                None => self.emit_to_room(room, &except, event, args).await?,
            }
            // Whoever is in this room has it now.
            except.push(room);
        }
        Ok(())
    }

    fn emit_to_one(&self, socket: &super::Socket, except: &[&str], event: &str, args: &Args) {
        let is_in = |room: &&str| socket.rooms().lock().iter().any(|own| **own == **room);
        if except.iter().any(|room| **room == **socket.id() || is_in(room)) {
            return;
        }
        // A socket that is gone, or too slow, gets nothing, as any member of a room.
        let _ = if self.is_volatile { socket.emit_volatile(event, args) } else { socket.emit(event, args) };
    }

    async fn emit_to_room(&self, room: &str, except: &[&str], event: &str, args: &Args) -> Result<(), Refusal> {
        let offset = if self.is_volatile { String::new() } else { self.sockets.next_offset() };
        let event = RoomEvent {
            is_volatile: self.is_volatile,
            except: except.to_vec(),
            namespace: &self.scope.namespace,
            offset: &offset,
            name: event,
            arguments: args.text(),
            attachments: args.attachments().iter().map(AsRef::as_ref).collect(),
        };
        let draft = Draft { data: event.pack(), ..Draft::default() };
        let channel = room_channel(&self.scope.tenant, self.scope.app, room);
        let options = Arc::clone(self.sockets.room_options());
        self.sockets.broker().publish(channel, options, draft).await.map(|_| ())
    }

    /// The ids of the sockets in these rooms, sorted, leaving out what [`Broadcast::except`] says.
    ///
    /// # Errors
    /// When a room's owner has too much to do.
    pub async fn members(&self) -> Result<Vec<String>, Refusal> {
        let mut members = Vec::new();
        for room in &self.rooms {
            members.extend(self.members_of(room).await?);
        }
        for room in &self.except {
            let left_out = self.members_of(room).await?;
            members.retain(|member| !left_out.contains(member));
        }
        members.sort_unstable();
        members.dedup();
        Ok(members)
    }

    async fn members_of(&self, room: &str) -> Result<Vec<String>, Refusal> {
        if self.sockets.get(&self.scope, room).is_some() {
            return Ok(vec![room.to_owned()]);
        }
        let channel = room_channel(&self.scope.tenant, self.scope.app, room);
        let present = self.sockets.broker().presence(channel, Arc::clone(self.sockets.room_options())).await?;
        Ok(present.iter().map(|info: &Arc<ClientInfo>| info.client.clone()).collect())
    }
}
