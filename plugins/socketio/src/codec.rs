//! Events to many sockets: encoded once for each revision of the protocol, however many get them.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use natter_core::{ClientInfo, PresenceEdge, Publication};
use natter_node::realtime::{App, Args, Render, RoomEvent};
use natter_node::session::{Codec, Delivered, Framing, Inexpressible, Variant};
use natter_protocol::engineio::Revision;
use natter_protocol::engineio::packet::{append_binary_frame, append_message_frame};
use natter_protocol::socketio::encode::{Head, append_ack, append_event, append_plain};
use natter_protocol::socketio::packet::Kind;
use parking_lot::Mutex;

/// [`Variant::options`]: revision 3.
const V3: u8 = 1;
/// [`Variant::options`]: bytes in base64.
const BASE64: u8 = 2;
/// [`Variant::options`]: events carry their offset, for recovery.
const OFFSETS: u8 = 4;

/// The codec of rooms, and the first of those of apps.
const ROOM_CODEC_ID: u8 = 0x40;
/// Apps that can have a codec of their own.
const APP_CODECS_MAX: usize = 0x80;

/// In which form a connection gets its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) revision: Revision,
    pub(crate) has_binary: bool,
    pub(crate) has_offsets: bool,
}

impl Form {
    fn options(self) -> u8 {
        let v3 = if self.revision == Revision::V3 { V3 } else { 0 };
        v3 | if self.has_binary { 0 } else { BASE64 } | if self.has_offsets { OFFSETS } else { 0 }
    }

    fn of_options(options: u8) -> Self {
        Self {
            revision: if options & V3 != 0 { Revision::V3 } else { Revision::V4 },
            has_binary: options & BASE64 == 0,
            has_offsets: options & OFFSETS != 0,
        }
    }

    /// Complete frames of an event; `offset` is left out where recovery is not on.
    pub(crate) fn event(
        self,
        head: &Head<'_>,
        name: &str,
        arguments: &str,
        offset: Option<&str>,
        attachments: &[impl AsRef<[u8]>],
    ) -> Bytes {
        let offset = offset.filter(|_| self.has_offsets);
        self.frames(attachments, |packet| append_event(head, name, arguments, offset, packet))
    }

    /// Complete frames of an acknowledgement.
    pub(crate) fn ack(self, head: &Head<'_>, args: &Args) -> Bytes {
        self.frames(args.attachments(), |packet| append_ack(head, args.text(), packet))
    }

    /// The complete frame of any other packet.
    pub(crate) fn plain(self, kind: Kind, namespace: &str, json: &str) -> Bytes {
        let head = Head { kind, attachments: 0, namespace, id: None };
        self.frames(&[] as &[Bytes], |packet| append_plain(&head, json, packet))
    }

    /// The packet and, directly behind it, its attachments: nothing may come between them.
    fn frames(self, attachments: &[impl AsRef<[u8]>], write: impl FnOnce(&mut BytesMut)) -> Bytes {
        let mut packet = BytesMut::new();
        write(&mut packet);
        let attached: usize = attachments.iter().map(|bytes| bytes.as_ref().len() * 4 / 3 + 16).sum();
        let mut frames = BytesMut::with_capacity(packet.len() + attached + 16);
        append_message_frame(&packet, &mut frames);
        for bytes in attachments {
            append_binary_frame(self.revision, self.has_binary, bytes.as_ref(), &mut frames);
        }
        frames.freeze()
    }
}

/// Events of rooms.
struct RoomCodec;

static ROOMS: RoomCodec = RoomCodec;

/// The form in which a connection gets the events of rooms.
pub(crate) fn room_variant(form: Form) -> Variant {
    Variant { codec: &ROOMS, framing: Framing::Complete, options: form.options(), wants_delta: false }
}

impl Codec for RoomCodec {
    fn id(&self) -> u8 {
        ROOM_CODEC_ID
    }

    fn append_publication(
        &self,
        options: u8,
        delivered: Delivered<'_>,
        out: &mut BytesMut,
    ) -> Result<(), Inexpressible> {
        // Nobody else can publish to a room's channel.
        let Some(event) = RoomEvent::unpack(&delivered.publication.data) else { return Ok(()) };
        let attachments = event.attachments.len();
        let head = Head { kind: Kind::Event, attachments, namespace: event.namespace, id: None };
        let offset = Some(event.offset).filter(|offset| !offset.is_empty());
        out.put_slice(&Form::of_options(options).event(&head, event.name, event.arguments, offset, &event.attachments));
        Ok(())
    }

    fn is_volatile(&self, publication: &Publication) -> bool {
        RoomEvent::is_volatile(&publication.data)
    }

    /// Rooms announce nothing.
    fn append_presence_edge(&self, _channel: &str, _edge: PresenceEdge, _info: &ClientInfo, _out: &mut BytesMut) {}
}

/// Publications of followed channels, as an app shows them.
struct AppCodec {
    id: u8,
    namespace: Arc<str>,
    render: Arc<dyn Render>,
}

impl Codec for AppCodec {
    fn id(&self) -> u8 {
        self.id
    }

    fn append_publication(
        &self,
        options: u8,
        delivered: Delivered<'_>,
        out: &mut BytesMut,
    ) -> Result<(), Inexpressible> {
        let form = Form::of_options(options);
        let offset = delivered.epoch.map(|epoch| format!("{}:{}", epoch.as_str(), delivered.publication.offset));
        self.render.render(delivered.channel, delivered.publication, &mut |name, args| {
            let attachments = args.attachments();
            let head = Head { kind: Kind::Event, attachments: attachments.len(), namespace: &self.namespace, id: None };
            out.put_slice(&form.event(&head, name, args.text(), offset.as_deref(), attachments));
        });
        Ok(())
    }

    fn append_presence_edge(&self, _channel: &str, _edge: PresenceEdge, _info: &ClientInfo, _out: &mut BytesMut) {}
}

/// The codecs of apps, by their names. They live as long as the process, as the apps do.
#[derive(Default)]
pub(crate) struct Codecs(Mutex<Vec<(&'static str, &'static AppCodec)>>);

impl Codecs {
    /// The form in which a connection gets what an app shows; `None` for an app that shows nothing.
    pub(crate) fn variant(&self, app: &App, form: Form) -> Option<Variant> {
        let render = app.render()?;
        let mut codecs = self.0.lock();
        let known = codecs.iter().find(|(name, _)| *name == app.name()).map(|(_, codec)| *codec);
        let codec = match known {
            Some(codec) => codec,
            None if codecs.len() >= APP_CODECS_MAX => return None,
            None => {
                let id = ROOM_CODEC_ID + 1 + u8::try_from(codecs.len()).ok()?;
                let namespace = Arc::clone(app.namespace());
                let codec: &'static AppCodec =
                    Box::leak(Box::new(AppCodec { id, namespace, render: Arc::clone(render) }));
                codecs.push((app.name(), codec));
                codec
            }
        };
        Some(Variant { codec, framing: Framing::Complete, options: form.options(), wants_delta: false })
    }
}
