//! Reading one packet: `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]`.

use serde::de::IgnoredAny;
use thiserror::Error;

use super::ATTACHMENTS_MAX;
use super::event::{EventError, EventText, has_sound_placeholders, split_event};

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Joins a namespace, or says that it is joined.
    Connect,
    /// Leaves a namespace.
    Disconnect,
    /// An event.
    Event,
    /// The answer to an event that asked for one.
    Ack,
    /// A namespace that was refused.
    ConnectError,
}

/// A packet, borrowed from its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it is for; whether it has attachments is told by their number.
    pub kind: Kind,
    /// Binary messages that follow and belong to it.
    pub attachments: usize,
    /// The namespace, with its slash.
    pub namespace: &'a str,
    /// What stands behind a `?` in the namespace: how clients of revision 4 send what later ones send as JSON.
    pub query: &'a str,
    /// Number of the acknowledgement that is asked for or given.
    pub id: Option<u64>,
    /// The JSON, checked against the kind; empty when there is none.
    pub json: &'a str,
}

/// Text that is no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PacketError {
    /// The first character is no type.
    #[error("the packet's type is unknown")]
    UnknownType,
    /// No number of attachments where there must be one, or one too large.
    #[error("the packet's number of attachments is malformed")]
    Attachments,
    /// An acknowledgement's number that is too large, or none where there must be one.
    #[error("the packet's acknowledgement id is malformed")]
    Id,
    /// No JSON, or JSON of another shape than the type has.
    #[error("the packet's JSON is malformed")]
    Json,
    /// No array that begins with a legal event name.
    #[error("the packet's event is malformed: {0}")]
    Event(#[from] EventError),
}

impl<'a> Packet<'a> {
    /// Reads a packet. Takes memory for deeply nested JSON only, a byte per level.
    ///
    /// # Errors
    /// Text that is no packet.
    pub fn parse(text: &'a str) -> Result<Self, PacketError> {
        let (kind, has_attachments, rest) = split_type(text)?;
        let (attachments, rest) = if has_attachments { split_attachments(rest)? } else { (0, rest) };
        let (namespace, rest) = split_namespace(rest);
        let (namespace, query) = namespace.split_once('?').unwrap_or((namespace, ""));
        let (id, json) = split_id(rest)?;
        let packet = Self { kind, attachments, namespace, query, id, json };
        packet.check()?;
        Ok(packet)
    }

    /// The event's name and arguments.
    ///
    /// # Errors
    /// A packet that is no event.
    pub fn event(&self) -> Result<EventText<'a>, EventError> {
        split_event(self.json)
    }

    fn check(&self) -> Result<(), PacketError> {
        match self.kind {
            Kind::Connect => check(self.json.is_empty() || is_shaped(self.json, b'{')),
            Kind::Disconnect => check(self.json.is_empty()),
            Kind::ConnectError => check(self.json.is_empty() || is_json(self.json)),
            Kind::Ack if self.id.is_none() => Err(PacketError::Id),
            Kind::Ack => check(is_shaped(self.json, b'[') && self.is_sound()),
            Kind::Event => {
                split_event(self.json)?;
                check(self.is_sound())
            }
        }
    }

    fn is_sound(&self) -> bool {
        self.attachments == 0 || has_sound_placeholders(self.json, self.attachments)
    }
}

fn check(is_good: bool) -> Result<(), PacketError> {
    is_good.then_some(()).ok_or(PacketError::Json)
}

fn is_shaped(json: &str, first: u8) -> bool {
    json.as_bytes().first() == Some(&first) && is_json(json)
}

fn is_json(json: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(json).is_ok()
}

fn split_type(text: &str) -> Result<(Kind, bool, &str), PacketError> {
    let (kind, has_attachments) = match text.as_bytes().first() {
        Some(b'0') => (Kind::Connect, false),
        Some(b'1') => (Kind::Disconnect, false),
        Some(b'2') => (Kind::Event, false),
        Some(b'3') => (Kind::Ack, false),
        Some(b'4') => (Kind::ConnectError, false),
        Some(b'5') => (Kind::Event, true),
        Some(b'6') => (Kind::Ack, true),
        _ => return Err(PacketError::UnknownType),
    };
    Ok((kind, has_attachments, &text[1..]))
}

fn split_attachments(rest: &str) -> Result<(usize, &str), PacketError> {
    let (digits, rest) = split_digits(rest);
    let rest = rest.strip_prefix('-').ok_or(PacketError::Attachments)?;
    let count = digits.parse().ok().filter(|count| *count <= ATTACHMENTS_MAX).ok_or(PacketError::Attachments)?;
    Ok((count, rest))
}

/// A namespace reaches to its comma, or to the end.
fn split_namespace(rest: &str) -> (&str, &str) {
    match rest.starts_with('/') {
        true => rest.split_once(',').unwrap_or((rest, "")),
        false => ("/", rest),
    }
}

fn split_id(rest: &str) -> Result<(Option<u64>, &str), PacketError> {
    match split_digits(rest) {
        ("", rest) => Ok((None, rest)),
        (digits, rest) => digits.parse().map(|id| (Some(id), rest)).map_err(|_| PacketError::Id),
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}
