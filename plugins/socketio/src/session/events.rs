//! Events of the client, and events to it.

use std::pin::Pin;
use std::sync::Arc;

use natter_node::realtime::{App, Args, DisconnectReason, Event, Socket};
use natter_node::session::{Close, SessionOut, WorkResult};
use natter_protocol::socketio::encode::Head;
use natter_protocol::socketio::packet::Kind;
use tokio::sync::oneshot;

use super::layer::{Layer, TaskResult};

/// An event that has been handled.
pub(super) struct Handled {
    namespace: Arc<str>,
    /// The acknowledgement that the client waits for.
    id: Option<u64>,
    args: Option<Args>,
}

impl Layer {
    /// The client has an event.
    pub(super) fn event(
        &mut self,
        namespace: &Arc<str>,
        id: Option<u64>,
        event: Event,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(index) = self.index_of(namespace) else {
            return Err(self.fault(DisconnectReason::ForcedServerClose));
        };
        let (app, socket) = (Arc::clone(&self.joined[index].app), self.joined[index].socket.clone());
        let Some(handling) = app.handle(socket, event) else { return Ok(()) };
        let namespace = Arc::clone(namespace);
        self.run(Box::pin(async move { Handled { namespace, id, args: handling.await } }), out)
    }

    /// A client has been let in: what its app does then comes before the client's first event.
    pub(super) fn connected(&mut self, app: &Arc<App>, socket: Socket, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let namespace = Arc::clone(socket.namespace());
        let Some(hook) = app.connected(socket) else { return self.drain(out) };
        let work = async move {
            hook.await;
            Handled { namespace, id: None, args: None }
        };
        self.run(Box::pin(work), out)
    }

    fn run(
        &mut self,
        work: Pin<Box<dyn Future<Output = Handled> + Send>>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match self.poll_once(work) {
            Ok(handled) => {
                // What the handler has emitted comes before the acknowledgement.
                self.drain(out)?;
                self.handled(handled, out);
                Ok(())
            }
            Err(work) => {
                self.set_busy();
                out.start(1, Box::pin(async move { Box::new(TaskResult::Handled(work.await)) as WorkResult }));
                self.drain(out)
            }
        }
    }

    /// An event has been handled: its acknowledgement goes out, unless the client has left the namespace.
    pub(super) fn handled(&mut self, handled: Handled, out: &mut SessionOut<'_>) {
        let Handled { namespace, id: Some(id), args: Some(args) } = handled else { return };
        if self.index_of(&namespace).is_none() {
            return;
        }
        let head = Head { kind: Kind::Ack, attachments: args.attachments().len(), namespace: &namespace, id: Some(id) };
        out.send_frames(self.form.ack(&head, &args));
    }

    /// Sends an event.
    pub(super) fn emit(
        &mut self,
        index: usize,
        event: &str,
        args: &Args,
        is_volatile: bool,
        ack: Option<oneshot::Sender<Args>>,
        out: &mut SessionOut<'_>,
    ) {
        if is_volatile && !out.is_writable() {
            return;
        }
        let joined = &mut self.joined[index];
        let id = match ack {
            None => None,
            Some(ack) => match joined.acks.add(ack) {
                Some(id) => Some(id),
                // Whoever waits is told by the dropped sender.
                None => return,
            },
        };
        let namespace = joined.socket.namespace();
        let head = Head { kind: Kind::Event, attachments: args.attachments().len(), namespace, id };
        let has_offset = self.form.has_offsets && !is_volatile && id.is_none();
        let offset = has_offset.then(|| self.endpoint.sockets.next_offset());
        out.send_frames(self.form.event(&head, event, args.text(), offset.as_deref(), args.attachments()));
    }

    /// The client has acknowledged an event. One that nobody waits for, or not any more, is ignored.
    pub(super) fn acknowledged(&mut self, namespace: &str, id: u64, args: Args) -> Result<(), Close> {
        let Some(index) = self.index_of(namespace) else {
            return Err(self.fault(DisconnectReason::ForcedServerClose));
        };
        self.joined[index].acks.answer(id, args);
        Ok(())
    }
}
