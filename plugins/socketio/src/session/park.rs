//! A session that has lost its client, and stays for a while in case it comes back.

use natter_node::realtime::DisconnectReason;
use natter_node::session::{Close, CloseKind, SessionOut};

use super::{EngineSession, Upper};
use crate::link::Stage;

impl EngineSession {
    /// The client is lost: the session ends, or waits for it to come back.
    pub(super) fn lose(&mut self, reason: DisconnectReason, kind: CloseKind) -> Result<(), Close> {
        // The session is woken by this, and goes on below.
        if self.link.park(reason) { Ok(()) } else { Err(self.end(reason, kind)) }
    }

    /// Finds out whether the client has been lost since the session looked last.
    pub(super) fn look_after_park(&mut self, out: &mut SessionOut<'_>) {
        let Upper::SocketIo(layer) = &mut self.upper else { return };
        if layer.is_parked() || self.link.replay.is_none() || self.link.stage() != Stage::Parked {
            return;
        }
        self.heartbeat.stop();
        self.link.set_expiry(i64::MAX);
        let kept_ms = i64::try_from(self.options.recovery_ms).unwrap_or(i64::MAX / 2);
        layer.park(self.link.reason(), out.now_ms().saturating_add(kept_ms));
    }
}
