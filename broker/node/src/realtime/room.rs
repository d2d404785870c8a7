//! Rooms as channels: their names, and an event on its way to a room.
//!
//! What is published to a room's channel is not yet in any wire format, so that each is made once per burst. It says as
//! well who is left out, which each member's filter decides.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use natter_core::{ChannelKey, Publication, TenantId};
use parking_lot::Mutex;

use super::args::Args;
use crate::session::PublicationFilter;

/// Begins the names of all rooms' channels. No configured namespace has a slash in its name, so that no client of another
/// protocol can have to do with such a channel.
const PREFIX: &str = "/socketio:";
/// Bytes of a room's name at most.
pub(super) const ROOM_NAME_BYTES_MAX: usize = 160;
/// Rooms and sockets that one event can leave out.
pub(super) const EXCEPT_MAX: usize = 64;

const VOLATILE: u8 = 1;

/// The rooms that a socket is in, shared with the filters of its memberships.
pub type Rooms = Arc<Mutex<Vec<Arc<str>>>>;

/// The channel of an app's room.
pub fn room_channel(tenant: &TenantId, app: &str, room: &str) -> ChannelKey {
    ChannelKey::new(tenant.clone(), format!("{PREFIX}{app}:{room}"))
}

/// An event on its way to a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomEvent<'a> {
    /// Whether sockets that cannot be written to at once do without it.
    pub is_volatile: bool,
    /// Sockets, and members of rooms, that do not get it.
    pub except: Vec<&'a str>,
    /// The namespace that it is sent in.
    pub namespace: &'a str,
    /// Its place among the events that recovery can repeat; empty when it is not one of them.
    pub offset: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its arguments: values joined by commas.
    pub arguments: &'a str,
    /// The bytes that the arguments refer to.
    pub attachments: Vec<&'a [u8]>,
}

impl<'a> RoomEvent<'a> {
    /// The event as it is published.
    pub fn pack(&self) -> Bytes {
        let attached: usize = self.attachments.iter().map(|bytes| bytes.len() + 4).sum();
        let mut out = BytesMut::with_capacity(self.name.len() + self.arguments.len() + attached + 64);
        out.put_u8(if self.is_volatile { VOLATILE } else { 0 });
        append_list(self.except.iter().map(|text| text.as_bytes()), &mut out);
        for text in [self.namespace, self.offset, self.name, self.arguments] {
            append_bytes(text.as_bytes(), &mut out);
        }
        append_list(self.attachments.iter().copied(), &mut out);
        out.freeze()
    }

    /// Reads what [`RoomEvent::pack`] has written; `None` for anything else.
    pub fn unpack(packed: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(packed);
        let is_volatile = reader.byte()? & VOLATILE != 0;
        let except = reader.list()?.into_iter().map(std::str::from_utf8).collect::<Result<_, _>>().ok()?;
        let (namespace, offset) = (reader.text()?, reader.text()?);
        let (name, arguments) = (reader.text()?, reader.text()?);
        let attachments = reader.list()?;
        Some(Self { is_volatile, except, namespace, offset, name, arguments, attachments })
    }

    /// The event's arguments, copied.
    pub fn args(&self) -> Args {
        Args::from_text(self.arguments, self.attachments.iter().map(|bytes| Bytes::copy_from_slice(bytes)).collect())
    }

    /// Whether a packed event is volatile.
    pub fn is_volatile(packed: &[u8]) -> bool {
        packed.first().is_some_and(|flags| flags & VOLATILE != 0)
    }
}

fn append_list<'a>(items: impl ExactSizeIterator<Item = &'a [u8]>, out: &mut BytesMut) {
    out.put_u8(u8::try_from(items.len()).unwrap_or(u8::MAX));
    items.take(usize::from(u8::MAX)).for_each(|item| append_bytes(item, out));
}

fn append_bytes(bytes: &[u8], out: &mut BytesMut) {
    // Bounded far below 4 GiB by what is taken from anyone.
    out.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.put_slice(bytes);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (bytes, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn list(&mut self) -> Option<Vec<&'a [u8]>> {
        (0..self.byte()?).map(|_| self.bytes()).collect()
    }
}

/// Keeps an event from the members that it leaves out.
pub struct RoomFilter {
    /// The member.
    pub socket: Arc<str>,
    /// The rooms that it is in.
    pub rooms: Rooms,
}

impl PublicationFilter for RoomFilter {
    fn passes(&self, publication: &Publication) -> bool {
        let mut reader = Reader(&publication.data);
        let Some(except) = reader.byte().and_then(|_| reader.list()) else { return false };
        if except.is_empty() {
            return true;
        }
        let rooms = self.rooms.lock();
        let is_out = |left_out: &&[u8]| {
            self.socket.as_bytes() == *left_out || rooms.iter().any(|room| room.as_bytes() == *left_out)
        };
        !except.iter().any(is_out)
    }
}
