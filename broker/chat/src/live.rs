//! Sockets that see what happens to their user.
//!
//! A socket follows its user's own channel and that of every chat channel the user belongs to: those that there are when
//! it connects, and those that come while it is connected. A membership is followed before the call that made it is
//! answered, so nothing that is said afterwards is missed; and before anyone is told of it, so that a user sees itself
//! join. Whoever leaves sees that last.
//!
//! How events look is the business of each app's [`Render`](natter_node::realtime::Render), which reads them with
//! [`Event::decode`](crate::event::Event::decode).

use std::time::Duration;

use dashmap::DashMap;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_core::{ChannelKey, EntityId, TenantId};
use natter_node::realtime::{FollowError, Socket};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::members::MEMBERS;
use crate::names::{chat_key, options, user_key};

/// Channels that a socket begins to follow side by side.
const FOLLOWS_AT_ONCE: usize = 64;
/// How long a connection may take to follow a channel.
const FOLLOW_TIME_MAX: Duration = Duration::from_secs(5);

/// The attached sockets of each user; as many as there are connections.
pub(crate) type Live = DashMap<(TenantId, String), Vec<Socket>>;

impl Chat {
    /// Has a socket follow its user's channels until [`Chat::detach_socket`]. For
    /// [`App::on_connecting`](natter_node::realtime::App::on_connecting), and for
    /// [`App::on_connected`](natter_node::realtime::App::on_connected) of a socket that goes on where an earlier connection
    /// was lost. A user who belongs to more channels than a connection may follow follows some of them.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`] when the memberships cannot be read; the socket is not attached then.
    pub async fn attach_socket(&self, socket: &Socket) -> Result<(), ChatError> {
        let (tenant, user) = (socket.tenant().id().clone(), socket.user().to_string());
        // First this, then the memberships: one that comes meanwhile finds the socket here.
        self.0.live.entry((tenant.clone(), user.clone())).or_default().push(socket.clone());
        let followed = self.follow_all(socket, &tenant, &user).await;
        if followed.is_err() {
            self.detach_socket(socket);
        }
        followed
    }

    /// Forgets a socket. For [`App::on_disconnected`](natter_node::realtime::App::on_disconnected): what it followed has
    /// ended with it.
    pub fn detach_socket(&self, socket: &Socket) {
        let key = (socket.tenant().id().clone(), socket.user().to_string());
        self.0.live.remove_if_mut(&key, |_, sockets| {
            sockets.retain(|known| known.id() != socket.id());
            sockets.is_empty()
        });
    }

    /// The attached sockets of a user, of every app.
    pub fn sockets_of(&self, tenant: &TenantId, user: &str) -> Vec<Socket> {
        let key = (tenant.clone(), user.to_owned());
        self.0.live.get(&key).map(|sockets| sockets.clone()).unwrap_or_default()
    }

    async fn follow_all(&self, socket: &Socket, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        follow(socket, user_key(tenant, user)).await?;
        let before = self.channels_of(tenant, user).await?;
        let follows = stream::iter(before.iter()).map(|channel| self.follow_own(socket, tenant, user, *channel));
        follows.buffer_unordered(FOLLOWS_AT_ONCE).boxed().try_for_each(|()| async { Ok(()) }).await?;
        // A membership that has ended meanwhile was perhaps left before it was followed.
        let after = self.channels_of(tenant, user).await?;
        for gone in before.iter().filter(|channel| !after.contains(channel)) {
            socket.unfollow(chat_key(tenant, *gone)).await;
        }
        Ok(())
    }

    /// The user's list of channels is a hint: the member's own row decides.
    async fn follow_own(
        &self,
        socket: &Socket,
        tenant: &TenantId,
        user: &str,
        channel: EntityId,
    ) -> Result<(), ChatError> {
        match MEMBERS.get(self.store(), tenant, &channel.to_hex(), user).await? {
            Some(_) => follow(socket, chat_key(tenant, channel)).await,
            None => Ok(()),
        }
    }

    /// A user belongs to a channel from now on.
    pub(crate) async fn follow_membership(
        &self,
        tenant: &TenantId,
        user: &str,
        channel: EntityId,
    ) -> Result<(), ChatError> {
        for socket in self.sockets_of(tenant, user) {
            follow(&socket, chat_key(tenant, channel)).await?;
        }
        Ok(())
    }

    /// A user no longer belongs to a channel.
    pub(crate) async fn unfollow_membership(&self, tenant: &TenantId, user: &str, channel: EntityId) {
        for socket in self.sockets_of(tenant, user) {
            socket.unfollow(chat_key(tenant, channel)).await;
        }
    }
}

/// A socket that is gone needs nothing more, and one that follows as many channels as it may keeps those.
async fn follow(socket: &Socket, channel: ChannelKey) -> Result<(), ChatError> {
    let options = options(channel.name());
    match tokio::time::timeout(FOLLOW_TIME_MAX, socket.follow(channel, options)).await {
        Ok(Ok(()) | Err(FollowError::Closed)) => Ok(()),
        Ok(Err(FollowError::Refused(refusal))) => {
            tracing::warn!(%refusal, "a socket cannot follow a channel");
            Err(ChatError::Unavailable)
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "a socket does not follow a channel");
            Ok(())
        }
        // Whoever comes back sees everything; whoever stays would miss something and not know.
        Err(_) => {
            tracing::warn!("a connection is too slow to follow a channel and is closed");
            socket.disconnect(true);
            Ok(())
        }
    }
}
