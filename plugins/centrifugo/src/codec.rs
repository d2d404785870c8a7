//! Publications, joins and leaves in Centrifugo's two encodings: the shared part of what a client is sent.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;
use natter_core::{ClientInfo, Epoch, Keyed, PresenceEdge, Publication};
use natter_node::domain::{Domain, Rendered};
use natter_node::session::{Codec, Delivered, Framing, Inexpressible, Variant};
use natter_protocol::centrifuge::framing::{Encoding, append_reply};
use natter_protocol::centrifuge::publication::{PublicationRef, append_publication_push};
use natter_protocol::centrifuge::schema::{Join, Leave, Push, Reply};
use natter_protocol::fossil;

use crate::namespaces::is_reserved;

/// [`Variant::options`]: the subscription negotiated deltas, so a JSON client expects data as a string.
const DELTA: u8 = 1;

/// Tells the codecs of a domain's channels from the others by their ids.
const RENDERED: u8 = 0x10;

/// One of the encodings, for plain channels or for those of a domain.
struct ClientCodec {
    encoding: Encoding,
    renderer: Option<Arc<dyn Domain>>,
}

static JSON: ClientCodec = ClientCodec { encoding: Encoding::Json, renderer: None };
static PROTOBUF: ClientCodec = ClientCodec { encoding: Encoding::Protobuf, renderer: None };

/// The codecs of the plugin.
pub(crate) struct Codecs {
    domain: Option<Arc<dyn Domain>>,
    /// JSON and Protobuf of the domain's channels.
    rendered: Option<[&'static ClientCodec; 2]>,
}

impl Codecs {
    /// Makes them, once for as long as the process runs: subscriptions refer to them by static references.
    pub(crate) fn new(domain: Option<&Arc<dyn Domain>>) -> Self {
        let leak = |encoding, domain: &Arc<dyn Domain>| -> &'static ClientCodec {
            Box::leak(Box::new(ClientCodec { encoding, renderer: Some(Arc::clone(domain)) }))
        };
        let rendered = domain.map(|domain| [leak(Encoding::Json, domain), leak(Encoding::Protobuf, domain)]);
        Self { domain: domain.cloned(), rendered }
    }

    /// Who knows how the events of a channel are shown; `None` when they are shown as they are.
    pub(crate) fn renderer(&self, channel: &str) -> Option<&dyn Domain> {
        self.domain.as_deref().filter(|_| is_reserved(channel))
    }

    /// The form in which a subscription of a connection gets its publications.
    pub(crate) fn variant(&self, channel: &str, encoding: Encoding, has_delta: bool) -> Variant {
        let [json, protobuf] = self.rendered.filter(|_| is_reserved(channel)).unwrap_or([&JSON, &PROTOBUF]);
        let (codec, framing) = match encoding {
            Encoding::Json => (json, Framing::WebSocketText),
            Encoding::Protobuf => (protobuf, Framing::WebSocketBinary),
        };
        Variant { codec, framing, options: if has_delta { DELTA } else { 0 }, wants_delta: has_delta }
    }

    /// The form in which a subscription of a connection gets the keys of a map. Each publication brings along what its
    /// delta is made against, so the one before it is not wanted.
    pub(crate) fn map_variant(&self, encoding: Encoding, has_delta: bool) -> Variant {
        let (codec, framing) = match encoding {
            Encoding::Json => (&JSON, Framing::WebSocketText),
            Encoding::Protobuf => (&PROTOBUF, Framing::WebSocketBinary),
        };
        Variant { codec, framing, options: if has_delta { DELTA } else { 0 }, wants_delta: false }
    }
}

/// Publications as they are shown, where a domain has a say in it.
pub(crate) fn rendered<'a>(
    publications: &'a [Arc<Publication>],
    renderer: Option<&dyn Domain>,
) -> Cow<'a, [Arc<Publication>]> {
    match renderer {
        Some(domain) => publications.iter().map(|publication| Arc::new(render(publication, domain))).collect(),
        None => Cow::Borrowed(publications),
    }
}

fn render(publication: &Publication, domain: &dyn Domain) -> Publication {
    let Rendered { data, tags } = domain.render(publication);
    Publication { data, tags, ..publication.clone() }
}

impl Codec for ClientCodec {
    fn id(&self) -> u8 {
        let rendered = if self.renderer.is_some() { RENDERED } else { 0 };
        self.encoding as u8 | rendered
    }

    fn append_publication(
        &self,
        options: u8,
        delivered: Delivered<'_>,
        out: &mut BytesMut,
    ) -> Result<(), Inexpressible> {
        let Delivered { channel, publication, previous, epoch } = delivered;
        let shown_as = self.renderer.as_deref().map(|domain| render(publication, domain));
        let publication = shown_as.as_ref().unwrap_or(publication);
        let has_delta = options & DELTA != 0;
        let patch = match &publication.keyed {
            Some(keyed) => key_patch(self.encoding, has_delta, keyed, publication),
            None => previous.filter(|_| publication.delta).and_then(|previous| self.patch(previous, publication)),
        };
        let shown = PublicationRef {
            data: patch.as_deref().unwrap_or(shown_data(self.encoding, has_delta, publication)),
            delta: patch.is_some(),
            data_as_string: has_delta && self.encoding == Encoding::Json,
            // A stream's first publication tells which stream it begins (section 6.4).
            epoch: epoch.filter(|_| publication.offset == 1).map(Epoch::as_str),
            ..reference(publication)
        };
        append_publication_push(self.encoding, channel, shown, out).map_err(|_| Inexpressible)
    }

    fn append_presence_edge(&self, channel: &str, edge: PresenceEdge, info: &ClientInfo, out: &mut BytesMut) {
        let info = Some(info.clone());
        let mut push = Push { channel: channel.to_owned(), ..Push::default() };
        match edge {
            PresenceEdge::Joined => push.join = Some(Join { info }),
            PresenceEdge::Left => push.leave = Some(Leave { info }),
        }
        // A client's info is checked when it connects; one that is no JSON is not worth a JSON client's connection.
        let _ = append_reply(self.encoding, &Reply { push: Some(push), ..Reply::default() }, out);
    }
}

impl ClientCodec {
    fn patch(&self, previous: &Publication, publication: &Publication) -> Option<Vec<u8>> {
        make_patch(self.encoding, &previous.data, &publication.data)
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

/// A delta from what a key had to what it has.
fn key_patch(encoding: Encoding, has_delta: bool, keyed: &Keyed, publication: &Publication) -> Option<Vec<u8>> {
    let previous = keyed.previous.as_ref().filter(|_| has_delta && publication.delta)?;
    make_patch(encoding, previous, &publication.data)
}

/// Data as it is shown without a delta. JSON clients with deltas read a removed key's data too, which has to be something.
pub(crate) fn shown_data(encoding: Encoding, has_delta: bool, publication: &Publication) -> &[u8] {
    let is_nothing = publication.keyed.is_some() && publication.data.is_empty();
    if is_nothing && has_delta && encoding == Encoding::Json { b"null" } else { &publication.data }
}

/// A publication as it is shown, without delta.
pub(crate) fn reference(publication: &Publication) -> PublicationRef<'_> {
    let keyed = publication.keyed.as_deref();
    PublicationRef {
        data: &publication.data,
        offset: publication.offset,
        tags: publication.tags.as_deref(),
        info: publication.info.as_deref(),
        key: keyed.map_or("", |keyed| &keyed.key),
        removed: keyed.is_some_and(|keyed| keyed.removed),
        score: keyed.map_or(0, |keyed| keyed.score),
        ..PublicationRef::default()
    }
}
