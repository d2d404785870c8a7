//! Events on their way to many connections, encoded once for each form in which they are wanted.

use std::sync::Arc;
use std::time::Instant;

use bytes::{BufMut, Bytes, BytesMut};
use natter_core::{ChannelHandle, ClientInfo, Delivery, PresenceEdge, Publication};
use natter_protocol::wsframe::{self, Opcode};
use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::session::{Delivered, Framing, Inexpressible, PublicationFilter, Variant};

/// Publications are joined into frames of about this size: enough to make a frame's overhead vanish, and far below
/// what any client refuses.
const FRAME_BYTES: usize = 16 * 1024;

/// A run of publications of one channel, shared by all lanes that have subscribers.
pub(crate) struct Burst {
    pub(crate) delivery: Delivery,
    /// When its first publication was handed to its shard, if this burst is one of those that are timed.
    pub(crate) timed_from: Option<Instant>,
    encoded: Mutex<SmallVec<[Encoded; 2]>>,
}

struct Encoded {
    variant: (u8, Framing, u8, bool),
    is_chain_start: bool,
    frames: Result<Bytes, Inexpressible>,
}

impl Burst {
    pub(crate) fn new(delivery: Delivery, timed_from: Option<Instant>) -> Self {
        Self { delivery, timed_from, encoded: Mutex::new(SmallVec::new()) }
    }

    pub(crate) fn channel(&self) -> ChannelHandle {
        self.delivery.channel
    }

    /// Complete frames of all publications, for every subscriber of this variant. `is_chain_start` is for those whose
    /// first publication this is: it cannot be a delta.
    pub(crate) fn encoded(
        &self,
        variant: &Variant,
        channel: &str,
        is_chain_start: bool,
    ) -> Result<Bytes, Inexpressible> {
        let is_chain_start = is_chain_start && variant.wants_delta;
        let mut cache = self.encoded.lock();
        let known = cache.iter().find(|known| known.variant == variant.key() && known.is_chain_start == is_chain_start);
        if let Some(known) = known {
            return known.frames.clone();
        }
        let frames = self.encode(variant, channel, is_chain_start);
        cache.push(Encoded { variant: variant.key(), is_chain_start, frames: frames.clone() });
        frames
    }

    /// Complete frames of the publications that pass a filter; empty when none does.
    pub(crate) fn encoded_for(
        &self,
        variant: &Variant,
        channel: &str,
        is_wanted: impl Fn(&Publication) -> bool,
    ) -> Result<Bytes, Inexpressible> {
        let mut payload = BytesMut::new();
        for publication in self.delivery.publications.iter().filter(|publication| is_wanted(publication)) {
            let delivered = Delivered { channel, publication, previous: None, epoch: self.delivery.epoch.as_ref() };
            variant.codec.append_publication(variant.options, delivered, &mut payload)?;
        }
        Ok(frame(variant.framing, &payload))
    }

    /// Whether a filter lets everything through.
    pub(crate) fn passes_whole(&self, filter: &dyn PublicationFilter) -> bool {
        self.delivery.publications.iter().all(|publication| filter.passes(publication))
    }

    /// Whether there is anything that connections may do without.
    pub(crate) fn has_volatile(&self, variant: &Variant) -> bool {
        self.delivery.publications.iter().any(|publication| variant.codec.is_volatile(publication))
    }

    fn encode(&self, variant: &Variant, channel: &str, is_chain_start: bool) -> Result<Bytes, Inexpressible> {
        let publications = &self.delivery.publications;
        let mut previous = self.delivery.previous.as_ref().filter(|_| variant.wants_delta && !is_chain_start);
        let size: usize = publications.iter().map(|publication| publication.data.len() + channel.len() + 64).sum();
        let mut frames = BytesMut::with_capacity(size);
        let mut payload = BytesMut::with_capacity(size.min(FRAME_BYTES + 1024));
        for publication in publications {
            let previous_publication = previous.map(Arc::as_ref);
            let delivered =
                Delivered { channel, publication, previous: previous_publication, epoch: self.delivery.epoch.as_ref() };
            variant.codec.append_publication(variant.options, delivered, &mut payload)?;
            previous = variant.wants_delta.then_some(publication);
            if payload.len() >= FRAME_BYTES {
                append_frame(variant.framing, &payload, &mut frames);
                payload.clear();
            }
        }
        append_frame(variant.framing, &payload, &mut frames);
        Ok(frames.freeze())
    }
}

/// A join or a leave, shared by all lanes that have subscribers.
pub(crate) struct Announcement {
    pub(crate) channel: ChannelHandle,
    pub(crate) edge: PresenceEdge,
    pub(crate) info: Arc<ClientInfo>,
}

/// Wraps a payload, if there is one, as the transport wants it.
fn append_frame(framing: Framing, payload: &[u8], frames: &mut BytesMut) {
    if payload.is_empty() {
        return;
    }
    match framing {
        Framing::WebSocketText => wsframe::append_header(Opcode::Text, payload.len(), frames),
        Framing::WebSocketBinary => wsframe::append_header(Opcode::Binary, payload.len(), frames),
        Framing::Complete => {}
    }
    frames.put_slice(payload);
}

/// Wraps one payload; empty when it is.
pub(crate) fn frame(framing: Framing, payload: &[u8]) -> Bytes {
    let mut frames = BytesMut::with_capacity(payload.len() + 10);
    append_frame(framing, payload, &mut frames);
    frames.freeze()
}
