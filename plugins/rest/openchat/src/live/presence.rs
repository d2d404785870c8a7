//! Sockets that are a shop or a user, and sockets that are online as one.
//!
//! Whoever changes what is shown of a side holds its turn until its counterparts have been told, so that they hear of
//! its coming and going in order. An end that is not said is believed after a grace, so that a reconnect is silent.

use std::time::Duration;

use natter_core::TenantId;
use natter_node::realtime::Socket;
use natter_rest::Rejection;

use super::Live;
use super::joined::follow_error;
use super::session::{GONE, ONLINE_MAX, Session};
use crate::errors::ApiError;
use crate::side::SideId;

/// How long a side without sockets is still shown as online.
const GRACE: Duration = Duration::from_secs(2);

/// The room of the sockets that are registered as a side: they get its messages.
pub(super) fn registered_room(side: &SideId) -> String {
    format!("side:{}", side.by.member(&side.id))
}

/// The room of the sockets that are only online as a side: like the registered ones they hear of its counterparts.
pub(super) fn online_room(side: &SideId) -> String {
    format!("online:{}", side.by.member(&side.id))
}

impl Live {
    /// From now on a socket is a side, and no other.
    pub(super) async fn register(&self, socket: &Socket, side: &SideId) -> Result<(), ApiError> {
        let session = self.0.sessions.begin(socket);
        let partner = self.0.sockets.partners().of(&session.tenant);
        let before = {
            let state = partner.side(side);
            let mut session = session.lock();
            let before = session.register(side).ok_or(GONE)?;
            if before.as_ref() != Some(side) {
                state.register();
            }
            before
        };
        if before.as_ref() != Some(side) {
            if let Err(error) = socket.join(&registered_room(side)).await {
                // If the socket has gone meanwhile, its end has counted the new side already, and not the one before.
                let is_open = session.lock().unregister(&before);
                if let Some(uncounted) = if is_open { Some(side) } else { before.as_ref() } {
                    partner.side(uncounted).deregister();
                }
                return Err(follow_error(error));
            }
            if let Some(before) = before {
                partner.side(&before).deregister();
                socket.leave(&registered_room(&before)).await;
                self.gone(&session, &before, false).await;
            }
        }
        self.come(&session, side).await
    }

    /// A socket is online as a side, beside what it is registered as.
    pub(super) async fn go_online(&self, socket: &Socket, side: &SideId) -> Result<(), ApiError> {
        let session = self.0.sessions.begin(socket);
        let is_own = session.lock().registered.as_ref() == Some(side);
        if !is_own {
            socket.join(&online_room(side)).await.map_err(follow_error)?;
        }
        self.come(&session, side).await
    }

    /// A side is offline, unless another socket is online as it. One that is in its grace is offline at once.
    pub(super) async fn go_offline(&self, socket: &Socket, side: &SideId) {
        let session = self.0.sessions.begin(socket);
        socket.leave(&online_room(side)).await;
        self.gone(&session, side, true).await;
    }

    /// A socket is online as a side.
    pub(super) async fn come(&self, session: &Session, side: &SideId) -> Result<(), ApiError> {
        let state = self.0.sockets.partners().of(&session.tenant).side(side);
        let turn = state.turn().await;
        let is_news = {
            let mut session = session.lock();
            if !session.has_come(side) && session.is_full() {
                let message = format!("is one more than the {ONLINE_MAX} that a socket may be online as");
                return Err(Rejection::invalid("id", message).into());
            }
            session.come(side).ok_or(GONE)? && state.come()
        };
        if is_news {
            self.tell_status(&session.tenant, side, true, turn);
        }
        Ok(())
    }

    /// A socket is no longer online as a side.
    pub(super) async fn gone(&self, session: &Session, side: &SideId, is_said: bool) {
        let state = self.0.sockets.partners().of(&session.tenant).side(side);
        let turn = state.turn().await;
        let last = if session.lock().go(side) { state.go() } else { None };
        if is_said {
            match state.hide() {
                true => self.tell_status(&session.tenant, side, false, turn),
                false => {
                    drop(state);
                    self.tidy(&session.tenant, side);
                }
            }
            return;
        }
        let Some(arrivals) = last else { return };
        drop(turn);
        let (live, tenant, side) = (self.clone(), session.tenant.clone(), side.clone());
        tokio::spawn(async move {
            tokio::time::sleep(GRACE).await;
            let turn = state.turn().await;
            if state.hide_since(arrivals) {
                drop(state);
                live.tell_status(&tenant, &side, false, turn);
            }
        });
    }

    /// Forgets a side that nobody is there for any more.
    pub(super) fn tidy(&self, tenant: &TenantId, side: &SideId) {
        if let Some(partner) = self.0.sockets.partners().get(tenant) {
            partner.tidy(side);
        }
        self.0.sockets.partners().tidy(tenant);
    }
}
