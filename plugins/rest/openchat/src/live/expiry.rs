//! Sockets end with the token that opened them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use natter_node::realtime::{Args, Socket};
use natter_rest::{Rejection, Unauthorized};
use parking_lot::Mutex;

use super::Live;
use crate::errors::ApiError;

/// How often it is looked for tokens whose time is over.
const LOOK: Duration = Duration::from_secs(1);

/// Sockets by the end of their tokens, in Unix milliseconds.
#[derive(Default)]
pub(super) struct Expiries(Mutex<BTreeMap<(i64, Arc<str>), Socket>>);

impl Expiries {
    pub(super) fn add(&self, until_ms: i64, socket: Socket) {
        self.0.lock().insert((until_ms, Arc::clone(socket.id())), socket);
    }

    pub(super) fn remove(&self, until_ms: i64, socket: &Arc<str>) {
        self.0.lock().remove(&(until_ms, Arc::clone(socket)));
    }

    /// Those whose time is over.
    fn take_until(&self, now_ms: i64) -> Vec<Socket> {
        let mut all = self.0.lock();
        let later = all.split_off(&(now_ms.saturating_add(1), Arc::from("")));
        std::mem::replace(&mut *all, later).into_values().collect()
    }
}

impl Live {
    /// Begins to end sockets; goes on as long as the process.
    pub(super) fn start_ending_expired(&self) {
        let live = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                live.0.expiries.take_until(live.0.open_chat.now_ms()).iter().for_each(end);
            }
        });
    }
}

fn end(socket: &Socket) {
    let error = ApiError::from(Rejection::Unauthorized(Unauthorized::TokenExpired));
    // A socket that has gone already is as it should be.
    let _ = socket.emit("error", &Args::one(&error.failure()));
    socket.disconnect(false);
}
