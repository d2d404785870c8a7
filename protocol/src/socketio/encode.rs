//! Writing packets, without the Engine.IO type in front.

use std::fmt::Write;

use bytes::{BufMut, BytesMut};

use super::packet::Kind;

/// What stands in front of a packet's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// What the packet is for.
    pub kind: Kind,
    /// Binary messages that will follow.
    pub attachments: usize,
    /// The namespace.
    pub namespace: &'a str,
    /// Number of the acknowledgement that is asked for or given.
    pub id: Option<u64>,
}

impl Head<'_> {
    /// Appends it to `out`.
    pub fn append(&self, out: &mut BytesMut) {
        let has_attachments = self.attachments > 0;
        out.put_u8(match (self.kind, has_attachments) {
            (Kind::Connect, _) => b'0',
            (Kind::Disconnect, _) => b'1',
            (Kind::Event, false) => b'2',
            (Kind::Ack, false) => b'3',
            (Kind::ConnectError, _) => b'4',
            (Kind::Event, true) => b'5',
            (Kind::Ack, true) => b'6',
        });
        // Writing to a buffer in memory cannot fail.
        if has_attachments {
            let _ = write!(out, "{}-", self.attachments);
        }
        if self.namespace != "/" {
            out.put_slice(self.namespace.as_bytes());
            out.put_u8(b',');
        }
        if let Some(id) = self.id {
            let _ = write!(out, "{id}");
        }
    }
}

/// Appends an event: `arguments` are JSON values joined by commas, empty for none; `offset` is the last argument that
/// connection state recovery adds.
pub fn append_event(head: &Head<'_>, name: &str, arguments: &str, offset: Option<&str>, out: &mut BytesMut) {
    head.append(out);
    out.put_u8(b'[');
    append_string(name, out);
    if !arguments.is_empty() {
        out.put_u8(b',');
        out.put_slice(arguments.as_bytes());
    }
    if let Some(offset) = offset {
        out.put_u8(b',');
        append_string(offset, out);
    }
    out.put_u8(b']');
}

/// Appends an acknowledgement; `arguments` as for [`append_event`].
pub fn append_ack(head: &Head<'_>, arguments: &str, out: &mut BytesMut) {
    head.append(out);
    out.put_u8(b'[');
    out.put_slice(arguments.as_bytes());
    out.put_u8(b']');
}

/// Appends any other packet.
pub fn append_plain(head: &Head<'_>, json: &str, out: &mut BytesMut) {
    head.append(out);
    out.put_slice(json.as_bytes());
}

fn append_string(text: &str, out: &mut BytesMut) {
    // A string is always JSON, and a buffer in memory always takes it.
    let _ = serde_json::to_writer(out.writer(), text);
}
