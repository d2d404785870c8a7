//! Publications, joins and leaves in Centrifugo's two encodings: the shared part of what a client is sent.

use bytes::BytesMut;
use natter_core::{ClientInfo, Epoch, PresenceEdge, Publication};
use natter_node::session::{Codec, Delivered, Framing, Inexpressible, Variant};
use natter_protocol::centrifuge::framing::{Encoding, append_reply};
use natter_protocol::centrifuge::publication::{PublicationRef, append_publication_push};
use natter_protocol::centrifuge::schema::{Join, Leave, Push, Reply};
use natter_protocol::fossil;

/// [`Variant::options`]: the subscription negotiated deltas, so a JSON client expects data as a string.
const DELTA: u8 = 1;

/// One of the encodings.
struct ClientCodec(Encoding);

static JSON: ClientCodec = ClientCodec(Encoding::Json);
static PROTOBUF: ClientCodec = ClientCodec(Encoding::Protobuf);

/// The form in which a subscription of a connection gets its publications.
pub(crate) fn variant(encoding: Encoding, has_delta: bool) -> Variant {
    let (codec, framing) = match encoding {
        Encoding::Json => (&JSON, Framing::WebSocketText),
        Encoding::Protobuf => (&PROTOBUF, Framing::WebSocketBinary),
    };
    Variant { codec, framing, options: if has_delta { DELTA } else { 0 }, wants_delta: has_delta }
}

impl Codec for ClientCodec {
    fn id(&self) -> u8 {
        self.0 as u8
    }

    fn append_publication(
        &self,
        options: u8,
        delivered: Delivered<'_>,
        out: &mut BytesMut,
    ) -> Result<(), Inexpressible> {
        let Delivered { channel, publication, previous, epoch } = delivered;
        let has_delta = options & DELTA != 0;
        let patch = previous.filter(|_| publication.delta).and_then(|previous| self.patch(previous, publication));
        let shown = PublicationRef {
            data: patch.as_deref().unwrap_or(&publication.data),
            delta: patch.is_some(),
            data_as_string: has_delta && self.0 == Encoding::Json,
            // A stream's first publication tells which stream it begins (section 6.4).
            epoch: epoch.filter(|_| publication.offset == 1).map(Epoch::as_str),
            ..reference(publication)
        };
        append_publication_push(self.0, channel, shown, out).map_err(|_| Inexpressible)
    }

    fn append_presence_edge(&self, channel: &str, edge: PresenceEdge, info: &ClientInfo, out: &mut BytesMut) {
        let info = Some(info.clone());
        let mut push = Push { channel: channel.to_owned(), ..Push::default() };
        match edge {
            PresenceEdge::Joined => push.join = Some(Join { info }),
            PresenceEdge::Left => push.leave = Some(Leave { info }),
        }
        // A client's info is checked when it connects; one that is no JSON is not worth a JSON client's connection.
        let _ = append_reply(self.0, &Reply { push: Some(push), ..Reply::default() }, out);
    }
}

impl ClientCodec {
    fn patch(&self, previous: &Publication, publication: &Publication) -> Option<Vec<u8>> {
        make_patch(self.0, &previous.data, &publication.data)
    }
}

/// A delta from one payload to the next, if it is shorter than the payload itself (section 6.5).
pub(crate) fn make_patch(encoding: Encoding, previous: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let patch = match encoding {
        Encoding::Json => fossil::create_text(previous, data)?.into_bytes(),
        Encoding::Protobuf => fossil::create(previous, data),
    };
    (patch.len() < data.len()).then_some(patch)
}

/// A publication as it is shown, without delta.
pub(crate) fn reference(publication: &Publication) -> PublicationRef<'_> {
    PublicationRef {
        data: &publication.data,
        offset: publication.offset,
        tags: publication.tags.as_deref(),
        info: publication.info.as_deref(),
        ..PublicationRef::default()
    }
}
