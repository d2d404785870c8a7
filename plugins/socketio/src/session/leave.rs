//! How sockets end: by the client, by a handler, or with their connection.

use std::sync::Arc;

use natter_node::realtime::{App, DisconnectReason, Socket};
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::socketio::packet::Kind;

use super::acks::Acks;
use super::layer::{Joined, Layer};
use crate::endpoint::Recoverable;
use crate::transport::closed;

impl Layer {
    /// The client leaves a namespace; one that it is not in is none of its business.
    pub(super) fn left(&mut self, namespace: &str, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Some(index) = self.index_of(namespace) else {
            return Err(self.fault(DisconnectReason::ForcedServerClose));
        };
        let joined = self.joined.swap_remove(index);
        self.finish(joined, DisconnectReason::ClientNamespace, out);
        Ok(())
    }

    /// A handler puts the client out of a namespace.
    pub(super) fn put_out(&mut self, index: usize, out: &mut SessionOut<'_>) {
        let joined = self.joined.swap_remove(index);
        out.send_frames(self.form.plain(Kind::Disconnect, joined.socket.namespace(), ""));
        self.finish(joined, DisconnectReason::ServerNamespace, out);
    }

    /// A client is not let in after all; it never knew that it was.
    pub(super) fn discard(&mut self, index: usize, out: &mut SessionOut<'_>) {
        let joined = self.joined.swap_remove(index);
        self.finish(joined, DisconnectReason::ServerNamespace, out);
    }

    /// The client is put out of everything, and its connection ends.
    pub(super) fn disconnect_all(&mut self, out: &mut SessionOut<'_>) -> Close {
        while !self.joined.is_empty() {
            self.put_out(0, out);
        }
        self.link.set_reason(DisconnectReason::ServerNamespace);
        closed(CloseKind::Error)
    }

    /// The connection is gone.
    pub(super) fn closed(&mut self, reason: DisconnectReason, out: &mut SessionOut<'_>) {
        for joined in std::mem::take(&mut self.joined) {
            self.finish(joined, reason, out);
        }
        self.outbox.close();
    }

    fn finish(&mut self, joined: Joined, reason: DisconnectReason, out: &mut SessionOut<'_>) {
        let Joined { app, socket, acks, recovery_id, is_lost } = joined;
        if let Some(id) = recovery_id {
            let is_own = |_: &Arc<str>, known: &Recoverable| Arc::ptr_eq(&known.outbox, &self.outbox);
            self.endpoint.recoverable.remove_if(&id, is_own);
        }
        // Those who wait for an acknowledgement are told by this.
        drop(acks);
        self.unfollow_all(&socket.id().clone(), out);
        if !is_lost {
            self.tell_gone(&app, socket, reason);
        }
    }

    /// The client is lost, and may come back until `until_ms`. Its sockets are gone for everyone, but stay where they are.
    pub(super) fn park(&mut self, reason: DisconnectReason, until_ms: i64) {
        self.parked_until_ms = Some(until_ms);
        for index in 0..self.joined.len() {
            let joined = &mut self.joined[index];
            joined.is_lost = true;
            joined.acks = Acks::default();
            let (app, socket) = (Arc::clone(&joined.app), joined.socket.clone());
            self.tell_gone(&app, socket, reason);
        }
    }

    pub(super) fn is_parked(&self) -> bool {
        self.parked_until_ms.is_some()
    }

    fn tell_gone(&self, app: &App, socket: Socket, reason: DisconnectReason) {
        socket.set_disconnect_reason(reason);
        self.endpoint.sockets.remove(socket.id());
        if let Some(hook) = app.disconnected(socket, reason) {
            self.endpoint.broker.runtime().spawn(hook);
        }
    }

    /// Another connection has taken a socket over.
    pub(super) fn give_up(&mut self, index: usize, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let joined = self.joined.swap_remove(index);
        self.finish(joined, DisconnectReason::TransportError, out);
        if self.joined.is_empty() { Err(self.fault(DisconnectReason::TransportError)) } else { Ok(()) }
    }
}
