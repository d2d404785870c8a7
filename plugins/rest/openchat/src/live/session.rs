//! What a socket has joined and is. Begun when it first joins or registers: one that only listens costs nothing here.

use std::sync::Arc;

use dashmap::DashMap;
use natter_core::{EntityId, TenantId};
use natter_node::realtime::Socket;
use parking_lot::{Mutex, MutexGuard};

use super::Live;
use crate::errors::{ApiError, Code};
use crate::side::SideId;

/// Sides that one socket may be online as, so that a partner's backend can speak for its users.
pub(super) const ONLINE_MAX: usize = 1_000;
/// The socket has gone while its event was handled; nobody hears this.
pub(super) const GONE: ApiError = ApiError::Refused(Code::NotFound, "Socket is gone");

/// The sessions of the app's sockets, by their ids.
#[derive(Default)]
pub(super) struct Sessions(DashMap<Arc<str>, Arc<Session>>);

pub(super) struct Session {
    pub(super) tenant: TenantId,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// The socket is gone: nothing is added any more.
    is_closed: bool,
    rooms: Vec<EntityId>,
    pub(super) registered: Option<SideId>,
    online: Vec<SideId>,
}

impl Sessions {
    /// A socket's session.
    pub(super) fn begin(&self, socket: &Socket) -> Arc<Session> {
        let new = || Arc::new(Session { tenant: socket.tenant().id().clone(), state: Mutex::default() });
        let session = Arc::clone(&self.0.entry(Arc::clone(socket.id())).or_insert_with(new));
        if socket.disconnect_reason().is_some() {
            // Its end may have come before its session.
            session.lock().is_closed = true;
            self.0.remove_if(&**socket.id(), |_, known| known.lock().is_empty());
        }
        session
    }

    pub(super) fn get(&self, socket: &str) -> Option<Arc<Session>> {
        self.0.get(socket).map(|session| Arc::clone(&session))
    }
}

impl Session {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.registered.is_none() && self.online.is_empty()
    }

    /// Notes a room; whether it is new. `None` when the socket is gone.
    pub(super) fn enter(&mut self, room: EntityId) -> Option<bool> {
        let is_new = !self.rooms.contains(&room);
        if self.is_closed {
            return None;
        }
        if is_new {
            self.rooms.push(room);
        }
        Some(is_new)
    }

    pub(super) fn has_entered(&self, room: EntityId) -> bool {
        self.rooms.contains(&room)
    }

    /// Whether it was there.
    pub(super) fn exit(&mut self, room: EntityId) -> bool {
        let place = self.rooms.iter().position(|entered| *entered == room);
        place.map(|place| self.rooms.swap_remove(place)).is_some()
    }

    /// Notes which side the socket is now; the one before. `None` when the socket is gone.
    pub(super) fn register(&mut self, side: &SideId) -> Option<Option<SideId>> {
        (!self.is_closed).then(|| self.registered.replace(side.clone()))
    }

    /// The socket is again what it was before it could not be registered; whether its end has not counted that already.
    pub(super) fn unregister(&mut self, before: &Option<SideId>) -> bool {
        if !self.is_closed {
            self.registered.clone_from(before);
        }
        !self.is_closed
    }

    /// Notes a side that it is online as; whether that is new. `None` when the socket is gone.
    pub(super) fn come(&mut self, side: &SideId) -> Option<bool> {
        let is_new = !self.online.contains(side);
        if self.is_closed {
            return None;
        }
        if is_new {
            self.online.push(side.clone());
        }
        Some(is_new)
    }

    pub(super) fn has_come(&self, side: &SideId) -> bool {
        self.online.contains(side)
    }

    pub(super) fn is_full(&self) -> bool {
        self.online.len() >= ONLINE_MAX
    }

    /// Whether it was online as this side.
    pub(super) fn go(&mut self, side: &SideId) -> bool {
        let place = self.online.iter().position(|online| online == side);
        place.map(|place| self.online.swap_remove(place)).is_some()
    }

    pub(super) fn online(&self) -> Vec<SideId> {
        self.online.clone()
    }
}

impl Live {
    /// The side that a socket is registered as.
    pub(super) fn registered(&self, socket: &Socket) -> Option<SideId> {
        self.0.sessions.get(socket.id()).and_then(|session| session.lock().registered.clone())
    }

    /// A socket is not there any more: its sides go, what it has joined stays for the moment.
    pub(super) async fn lost(&self, session: &Session) {
        session.lock().is_closed = true;
        let (registered, online) = {
            let state = session.lock();
            (state.registered.clone(), state.online())
        };
        let partner = self.0.sockets.partners().of(&session.tenant);
        if let Some(side) = &registered {
            partner.side(side).deregister();
        }
        for side in &online {
            self.gone(session, side, false).await;
        }
        drop(partner);
        registered.iter().for_each(|side| self.tidy(&session.tenant, side));
    }

    /// A socket that was lost has been gone on with: it is what it was.
    pub(super) async fn recovered(&self, socket: &Socket) {
        let Some(session) = self.0.sessions.get(socket.id()) else { return };
        let registered = {
            let mut state = session.lock();
            state.is_closed = false;
            state.registered.clone()
        };
        if let Some(side) = registered {
            self.0.sockets.partners().of(&session.tenant).side(&side).register();
            // A socket that is full, or gone again, is not online.
            let _ = self.come(&session, &side).await;
        }
    }

    /// A socket will not come back, unless it has already.
    pub(super) fn forget(&self, socket: &str, session: &Arc<Session>) {
        if !session.lock().is_closed {
            return;
        }
        let is_same = |_: &Arc<str>, known: &Arc<Session>| Arc::ptr_eq(known, session);
        if self.0.sessions.0.remove_if(socket, is_same).is_some() {
            let rooms = std::mem::take(&mut session.lock().rooms);
            self.exit_all(&session.tenant, rooms);
        }
    }
}
