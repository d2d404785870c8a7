//! From messages to packets: text, and the bytes that belong to it.

use std::sync::Arc;

use bytes::Bytes;
use natter_node::realtime::{Args, DisconnectReason, Event};
use natter_node::session::{Close, SessionOut};
use natter_protocol::engineio::Revision;
use natter_protocol::socketio::packet::{Kind, Packet};

use super::layer::Layer;

/// A packet that waits for its turn.
pub(super) enum Incoming {
    /// The client wants into a namespace.
    Connect { namespace: Arc<str>, auth: Bytes },
    /// It leaves one.
    Disconnect { namespace: Arc<str> },
    /// It has an event.
    Event { namespace: Arc<str>, id: Option<u64>, event: Event },
}

impl Incoming {
    pub(super) fn connect(namespace: &str, auth: &str) -> Self {
        let auth = if auth.is_empty() { Bytes::from_static(b"{}") } else { Bytes::copy_from_slice(auth.as_bytes()) };
        Self::Connect { namespace: namespace.into(), auth }
    }

    /// Bytes that it takes up.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Connect { namespace, auth } => namespace.len() + auth.len(),
            Self::Disconnect { namespace } => namespace.len(),
            Self::Event { namespace, event, .. } => namespace.len() + event.name.len() + event.args.len(),
        }
    }
}

/// A packet whose attachments are still coming; at most one at a time.
#[derive(Default)]
pub(super) struct Assembly(Option<Open>);

struct Open {
    is_ack: bool,
    namespace: Arc<str>,
    id: Option<u64>,
    /// Empty for an acknowledgement.
    name: Arc<str>,
    arguments: String,
    missing: usize,
    attachments: Vec<Bytes>,
}

impl Open {
    fn of(packet: &Packet<'_>) -> Option<Self> {
        let (name, arguments) = match packet.kind {
            Kind::Event => {
                let event = packet.event().ok()?;
                (Arc::from(event.name.as_ref()), event.arguments.to_owned())
            }
            // The array's inside, which the packet's check has found sound.
            _ => (Arc::default(), packet.json.strip_prefix('[')?.trim_ascii_end().strip_suffix(']')?.trim().to_owned()),
        };
        Some(Self {
            is_ack: packet.kind == Kind::Ack,
            namespace: packet.namespace.into(),
            id: packet.id,
            name,
            arguments,
            missing: packet.attachments,
            attachments: Vec::new(),
        })
    }
}

impl Layer {
    /// A text message.
    pub(super) fn text(&mut self, text: &str, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if self.assembly.0.is_some() {
            return Err(self.fault(DisconnectReason::ForcedClose));
        }
        let Ok(packet) = Packet::parse(text) else { return Err(self.fault(DisconnectReason::ForcedClose)) };
        match packet.kind {
            Kind::Connect => {
                let auth = self.auth_of(&packet);
                self.take(Incoming::connect(packet.namespace, &auth), out)
            }
            Kind::Disconnect => self.take(Incoming::Disconnect { namespace: packet.namespace.into() }, out),
            Kind::Event | Kind::Ack => {
                let Some(open) = Open::of(&packet) else { return Err(self.fault(DisconnectReason::ForcedClose)) };
                self.assemble(open, out)
            }
            Kind::ConnectError => Err(self.fault(DisconnectReason::ForcedClose)),
        }
    }

    /// A binary message.
    pub(super) fn bytes(&mut self, bytes: &[u8], out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Some(mut open) = self.assembly.0.take() else { return Err(self.fault(DisconnectReason::ForcedClose)) };
        open.attachments.push(Bytes::copy_from_slice(bytes));
        open.missing -= 1;
        self.assemble(open, out)
    }

    fn assemble(&mut self, open: Open, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if open.missing > 0 {
            self.assembly.0 = Some(open);
            return Ok(());
        }
        let Open { is_ack, namespace, id, name, arguments, attachments, .. } = open;
        let args = Args::from_text(&arguments, attachments);
        match (is_ack, id) {
            (true, Some(id)) => self.acknowledged(&namespace, id, args),
            (true, None) => Err(self.fault(DisconnectReason::ForcedClose)),
            (false, _) => {
                let event = Event { name, args, wants_ack: id.is_some() };
                self.take(Incoming::Event { namespace, id, event }, out)
            }
        }
    }

    /// What the client sends along: JSON, or in the older revision the namespace's query.
    fn auth_of(&self, packet: &Packet<'_>) -> String {
        if self.link.revision == Revision::V4 || packet.query.is_empty() {
            return packet.json.to_owned();
        }
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(packet.query).unwrap_or_default();
        let object: serde_json::Map<_, _> = pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
        serde_json::Value::Object(object).to_string()
    }
}
