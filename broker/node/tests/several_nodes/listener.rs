//! A client in lines of text: it subscribes to one channel, and comes again when it is told to.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use natter_core::{
    ChannelHandle, ChannelKey, ChannelOptions, ClientInfo, PresenceEdge, Publication, Reply, Request, Since,
    Subscribed, Subscriber,
};
use natter_node::limits::ConnectionPermit;
use natter_node::metrics::ConnectionMetrics;
use natter_node::session::{
    Close, CloseKind, Codec, Control, Delivered, Framing, Inexpressible, NodeClose, Session, SessionOut, Subscription,
    Target, Variant, WorkResult,
};
use natter_node::tenant::Tenant;
use natter_node::transport::{Flushed, ReceiveError, Received, Scratch, SendQueue, Transport};
use natter_node::{Broker, NewConnection, config};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A test that waits longer than this for something waits for ever.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Listener {
    says: UnboundedSender<Bytes>,
    hears: UnboundedReceiver<String>,
    /// The last offset that it has.
    pub position: u64,
    /// How often it was told to come again.
    pub returns: usize,
}

impl Listener {
    /// Connects a user and waits until it is subscribed.
    pub async fn connect(broker: &Broker, user: &str, channel: &ChannelKey, options: &Arc<ChannelOptions>) -> Self {
        let settings = config::Tenant { id: channel.tenant().as_str().to_owned(), ..config::Tenant::default() };
        let session = Subscribing {
            tenant: Arc::new(Tenant::new(settings)),
            user: user.into(),
            channel: channel.clone(),
            options: Arc::clone(options),
        };
        let (says, client) = unbounded_channel();
        let (to_client, hears) = unbounded_channel();
        let seat = broker.connections().take(0).unwrap();
        broker.accept(NewConnection {
            transport: Box::new(move || Ok(Box::new(Lines { client, to_client }))),
            session: Box::new(move |_| Box::new(session)),
            permit: ConnectionPermit::new(seat, ConnectionMetrics::new("lines", "test").connect()),
        });
        let mut listener = Self { says, hears, position: 0, returns: 0 };
        listener.subscribe(None);
        assert_eq!(listener.line().await, "subscribed 0 true");
        listener
    }

    fn subscribe(&self, since: Option<u64>) {
        let since = since.map_or_else(String::new, |offset| offset.to_string());
        self.says.send(since.into()).unwrap();
    }

    pub async fn line(&mut self) -> String {
        tokio::time::timeout(PATIENCE, self.hears.recv()).await.expect("it hears something").expect("it is connected")
    }

    /// The next publication's text; whoever is told to come again does, and misses nothing.
    pub async fn next(&mut self) -> String {
        loop {
            let line = self.line().await;
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                ["again"] => {
                    self.returns += 1;
                    self.subscribe(Some(self.position));
                }
                ["subscribed", _, is_recovered] => assert_eq!(is_recovered, "true", "the log has everything"),
                ["publication", offset, text] => {
                    let offset = offset.parse::<u64>().unwrap();
                    assert!(offset == 0 || offset == self.position + 1, "{offset} after {}", self.position);
                    self.position = offset;
                    return text.to_owned();
                }
                _ => panic!("{line}"),
            }
        }
    }

    pub async fn next_many(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(self.next().await);
        }
        texts
    }
}

struct Subscribing {
    tenant: Arc<Tenant>,
    user: Arc<str>,
    channel: ChannelKey,
    options: Arc<ChannelOptions>,
}

impl Session for Subscribing {
    fn on_opened(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        out.identify(Arc::clone(&self.tenant), Arc::clone(&self.user));
        Ok(())
    }

    fn on_message(&mut self, message: &[u8], out: &mut SessionOut<'_>) -> Result<(), Close> {
        let since = std::str::from_utf8(message).unwrap().parse::<u64>().ok();
        let recover = since.map(|offset| Since { offset, epoch: String::new() });
        let subscriber = Subscriber { lane: out.lane(), client: Arc::clone(&self.user), info: None };
        let request = Request::Subscribe { subscriber, recover, reply: () };
        out.request(0, self.channel.clone(), Arc::clone(&self.options), request);
        Ok(())
    }

    fn on_reply(&mut self, _token: u64, reply: Reply, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Reply::Subscribed(Ok(subscribed)) = reply else { panic!("{reply:?}") };
        let Subscribed { handle, offset, recovery, .. } = *subscribed;
        let is_recovered = recovery.as_ref().is_none_or(|recovery| recovery.recovered);
        let payload = out.payload();
        payload.put_slice(format!("subscribed {offset} {is_recovered}\n").as_bytes());
        recovery.iter().flat_map(|recovery| &recovery.publications).for_each(|missed| write(missed, payload));
        let variant = Variant { codec: &Text, framing: Framing::Complete, options: 0, wants_delta: false };
        let (channel, key) = (handle, self.channel.clone());
        out.attach(Subscription { channel, key, variant, wants_presence_edges: false, filter: None });
        Ok(())
    }

    fn on_control(&mut self, control: &Control, _out: &mut SessionOut<'_>) -> Result<(), Close> {
        match control {
            Control::Disconnect(close) => Err(close.clone()),
            other => panic!("{other:?}"),
        }
    }

    fn on_invalidated(&mut self, _channel: ChannelHandle, out: &mut SessionOut<'_>) -> Result<(), Close> {
        out.payload().put_slice(b"again\n");
        Ok(())
    }

    fn is_target(&self, target: &Target) -> bool {
        *target.user == *self.user
    }

    fn on_pong(&mut self) {}

    fn is_ready(&self) -> bool {
        true
    }

    fn on_task(&mut self, _token: u64, _result: WorkResult, _out: &mut SessionOut<'_>) -> Result<(), Close> {
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
}

fn write(publication: &Publication, out: &mut BytesMut) {
    let text = std::str::from_utf8(&publication.data).unwrap();
    out.put_slice(format!("publication {} {text}\n", publication.offset).as_bytes());
}

struct Text;

impl Codec for Text {
    fn id(&self) -> u8 {
        255
    }

    fn append_publication(&self, _: u8, delivered: Delivered<'_>, out: &mut BytesMut) -> Result<(), Inexpressible> {
        write(delivered.publication, out);
        Ok(())
    }

    fn append_presence_edge(&self, _: &str, _: PresenceEdge, _: &ClientInfo, _: &mut BytesMut) {}
}

/// A transport whose peer is a test.
struct Lines {
    client: UnboundedReceiver<Bytes>,
    to_client: UnboundedSender<String>,
}

impl Transport for Lines {
    fn framing(&self) -> Framing {
        Framing::Complete
    }

    fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
        _scratch: &mut Scratch,
        _queue: &mut SendQueue,
    ) -> Poll<Result<Received, ReceiveError>> {
        self.client.poll_recv(cx).map(|said| said.map(Received::Message).ok_or(ReceiveError::Closed))
    }

    fn stash(&mut self, _scratch: &mut Scratch) {}

    fn flush(&mut self, queue: &mut SendQueue, _writes: &mut u64) -> io::Result<Flushed> {
        while let Some(frame) = queue.pop() {
            for line in std::str::from_utf8(&frame).unwrap().lines() {
                // A test that has ended does not listen.
                let _ = self.to_client.send(line.to_owned());
            }
        }
        Ok(Flushed::All)
    }

    fn poll_writable(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn queue_ping(&mut self, _queue: &mut SendQueue) {}

    fn queue_close(&mut self, close: &Close, queue: &mut SendQueue) {
        queue.push(format!("closed {}\n", close.code).into());
    }
}
