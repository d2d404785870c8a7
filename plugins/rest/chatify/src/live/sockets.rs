//! The sockets of this API, and when their time is over.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use natter_core::EntityId;
use natter_node::realtime::Socket;
use parking_lot::Mutex;

use super::GRACE_MS;
use crate::chatify::Chatify;
use crate::tokens::Shown;

/// Time between two looks for sockets whose time is over.
const LOOK: Duration = Duration::from_secs(1);
/// How often a socket's typing is passed on, in milliseconds.
const TYPING_EVERY_MS: i64 = 1_000;

/// All sockets, by id; as many as there are connections.
#[derive(Default)]
pub(crate) struct LiveSockets(DashMap<Arc<str>, Socket>);

impl LiveSockets {
    pub(crate) fn add(&self, socket: &Socket) {
        self.0.insert(Arc::clone(socket.id()), socket.clone());
    }

    pub(crate) fn remove(&self, socket: &Socket) {
        self.0.remove(socket.id());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those whose token has been over for longer than the grace.
    pub(super) fn over(&self, now_ms: i64) -> Vec<Socket> {
        let is_over = |socket: &Socket| {
            socket.state::<SocketLogin>().is_some_and(|login| login.expires_at_ms() + GRACE_MS <= now_ms)
        };
        self.0.iter().filter(|entry| is_over(entry.value())).map(|entry| entry.value().clone()).collect()
    }
}

/// What a socket was let in with; its state.
pub(crate) struct SocketLogin(Mutex<Login>);

struct Login {
    session: EntityId,
    expires_at_ms: i64,
    typed_at_ms: i64,
}

impl SocketLogin {
    pub(crate) fn new(shown: &Shown) -> Self {
        let (session, expires_at_ms) = (shown.session, shown.expires_at_ms());
        Self(Mutex::new(Login { session, expires_at_ms, typed_at_ms: i64::MIN }))
    }

    pub(crate) fn session(&self) -> EntityId {
        self.0.lock().session
    }

    fn expires_at_ms(&self) -> i64 {
        self.0.lock().expires_at_ms
    }

    /// Takes another token over.
    pub(crate) fn renew(&self, shown: &Shown) {
        let mut login = self.0.lock();
        (login.session, login.expires_at_ms) = (shown.session, shown.expires_at_ms());
    }

    /// Whether typing is to be passed on now.
    pub(crate) fn may_type(&self, now_ms: i64) -> bool {
        let mut login = self.0.lock();
        let may = now_ms.saturating_sub(login.typed_at_ms) >= TYPING_EVERY_MS;
        if may {
            login.typed_at_ms = now_ms;
        }
        may
    }
}

impl Chatify {
    /// Closes sockets whose time is over, until the runtime ends.
    pub(crate) fn start_closing(&self) {
        let chatify = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                for socket in chatify.live().over(chatify.now_ms()) {
                    socket.disconnect(true);
                }
            }
        });
    }
}
