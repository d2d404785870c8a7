//! A connection without a network: it subscribes to what it is told, and tells what is done to it.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use natter_core::{ChannelHandle, ClientInfo, Reply, Request, Subscriber};
use natter_node::NewConnection;
use natter_node::limits::ConnectionPermit;
use natter_node::session::{Close, CloseKind, Control, Framing, NodeClose, Session, SessionOut, Target, WorkResult};
use natter_node::tenant::Tenant;
use natter_node::transport::{Flushed, ReceiveError, Received, Scratch, SendQueue, Transport};
use tokio::sync::mpsc;

use super::Api;
use crate::shared::ResolvedChannel;

/// Longest that a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What has been done to a connection, by its id.
pub(super) type Done = (String, Control);

pub(super) struct Visitors {
    sender: mpsc::UnboundedSender<Event>,
    events: mpsc::UnboundedReceiver<Event>,
}

enum Event {
    Subscribed,
    Control(Done),
}

impl Visitors {
    pub(super) fn new() -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        Self { sender, events }
    }

    /// Connects a user of a tenant and waits until it is subscribed to a channel.
    pub(super) async fn connect(&mut self, api: &Api, tenant: &str, user: &str, client: &str, channel: &str) {
        let tenant = api.shared.tenants.get(tenant).unwrap();
        let channel = api.shared.settings().resolve(&tenant, channel).unwrap();
        let info = ClientInfo {
            user: user.to_owned(),
            client: client.to_owned(),
            conn_info: Bytes::from_static(b"{\"name\":\"Ada\"}"),
            chan_info: Bytes::from_static(b"no JSON"),
        };
        let visitor = Visitor { tenant, channel, info: Arc::new(info), events: self.sender.clone() };
        let seat = api.shared.broker.connections().take(0).unwrap();
        api.shared.broker.accept(NewConnection {
            transport: Box::new(|| Ok(Box::new(Greeting(false)))),
            session: Box::new(move |_| Box::new(visitor)),
            permit: ConnectionPermit::new(seat, api.shared.connection_metrics.connect()),
        });
        assert!(matches!(self.next().await, Event::Subscribed));
    }

    /// The next thing that is done to any of them.
    pub(super) async fn done(&mut self) -> Done {
        match self.next().await {
            Event::Control(done) => done,
            Event::Subscribed => panic!("nobody else is about to subscribe"),
        }
    }

    async fn next(&mut self) -> Event {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.unwrap().unwrap()
    }
}

struct Visitor {
    tenant: Arc<Tenant>,
    channel: ResolvedChannel,
    info: Arc<ClientInfo>,
    events: mpsc::UnboundedSender<Event>,
}

impl Session for Visitor {
    fn on_message(&mut self, _message: &[u8], out: &mut SessionOut<'_>) -> Result<(), Close> {
        out.identify(Arc::clone(&self.tenant), self.info.user.as_str().into());
        let client = self.info.client.as_str().into();
        let subscriber = Subscriber { lane: out.lane(), client, info: Some(Arc::clone(&self.info)) };
        let request = Request::Subscribe { subscriber, recover: None, reply: () };
        out.request(0, self.channel.key.clone(), Arc::clone(&self.channel.rules.options), request);
        Ok(())
    }

    fn on_pong(&mut self) {}

    fn is_ready(&self) -> bool {
        true
    }

    fn on_reply(&mut self, _token: u64, reply: Reply, _out: &mut SessionOut<'_>) -> Result<(), Close> {
        assert!(matches!(reply, Reply::Subscribed(Ok(_))));
        let _ = self.events.send(Event::Subscribed);
        Ok(())
    }

    fn on_task(&mut self, _token: u64, _result: WorkResult, _out: &mut SessionOut<'_>) -> Result<(), Close> {
        Ok(())
    }

    fn on_control(&mut self, control: &Control, _out: &mut SessionOut<'_>) -> Result<(), Close> {
        let _ = self.events.send(Event::Control((self.info.client.clone(), control.clone())));
        Ok(())
    }

    fn on_invalidated(&mut self, _channel: ChannelHandle, _out: &mut SessionOut<'_>) -> Result<(), Close> {
        Ok(())
    }

    fn deadline_ms(&self) -> i64 {
        i64::MAX
    }

    fn on_deadline(&mut self, _out: &mut SessionOut<'_>) -> Result<(), Close> {
        Ok(())
    }

    fn on_closed(&mut self, _out: &mut SessionOut<'_>) {}

    fn node_close(&self, _cause: NodeClose) -> Close {
        Close { code: 3000, reason: "".into(), kind: CloseKind::Error }
    }

    fn is_target(&self, target: &Target) -> bool {
        let client = &self.info.client;
        target.tenant == *self.tenant.id()
            && target.user == self.info.user
            && target.client.as_ref().is_none_or(|only| only == client)
            && target.session.as_ref().is_none_or(|only| *only == format!("session-{client}"))
            && !target.except.contains(client)
    }
}

/// A transport whose peer says one thing and then listens.
struct Greeting(bool);

impl Transport for Greeting {
    fn framing(&self) -> Framing {
        Framing::WebSocketText
    }

    fn poll_message(
        &mut self,
        _cx: &mut Context<'_>,
        _scratch: &mut Scratch,
        _queue: &mut SendQueue,
    ) -> Poll<Result<Received, ReceiveError>> {
        match std::mem::replace(&mut self.0, true) {
            false => Poll::Ready(Ok(Received::Message(Bytes::from_static(b"hello")))),
            true => Poll::Pending,
        }
    }

    fn stash(&mut self, _scratch: &mut Scratch) {}

    fn flush(&mut self, _queue: &mut SendQueue, _writes: &mut u64) -> io::Result<Flushed> {
        Ok(Flushed::All)
    }

    fn poll_writable(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn queue_ping(&mut self, _queue: &mut SendQueue) {}

    fn queue_close(&mut self, _close: &Close, _queue: &mut SendQueue) {}
}
