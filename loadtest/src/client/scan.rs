//! Reading replies just deeply enough: where one ends, whether it is a ping, which load message or which answer it carries.
//!
//! A message holds one or more replies: JSON objects joined by a newline, or Protobuf messages each behind its length as a
//! varint. A ping is `{}` or a reply of length zero (Centrifugo protocol, framing). What the scan does not know it leaves
//! to the full decoder, so an unexpected order of fields costs time, never correctness.

use memchr::memmem::Finder;

use super::marker::{self, Marker};
use super::wire::Encoding;

/// Splits messages and finds markers; one per thread, as building the search costs more than a search.
#[derive(Debug)]
pub struct Scanner {
    encoding: Encoding,
    prefix: Finder<'static>,
}

/// One reply in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanned<'a> {
    /// The server asks for an empty command.
    Ping,
    /// A publication of a load message.
    Delivery(Marker),
    /// Anything else, as its own bytes without the separator.
    Other(&'a [u8]),
}

impl Scanner {
    /// A scanner for connections of one encoding.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, prefix: Finder::new(marker::PREFIX) }
    }

    /// Calls `on` for each reply in `message`, in order; false when a length runs over the end.
    #[inline]
    pub fn scan<'a>(&self, message: &'a [u8], mut on: impl FnMut(Scanned<'a>)) -> bool {
        let mut rest = message;
        loop {
            let Some((reply, after)) = self.split(rest) else { return false };
            on(self.classify(reply));
            if after.is_empty() {
                return true;
            }
            rest = after;
        }
    }

    /// The first reply and what follows its separator.
    #[inline]
    fn split<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        match self.encoding {
            Encoding::Json => Some(match memchr::memchr(b'\n', bytes) {
                Some(end) => (&bytes[..end], &bytes[end + 1..]),
                None => (bytes, &[]),
            }),
            Encoding::Protobuf => {
                let (length, rest) = varint(bytes)?;
                rest.split_at_checked(usize::try_from(length).ok()?)
            }
        }
    }

    #[inline]
    fn classify<'a>(&self, reply: &'a [u8]) -> Scanned<'a> {
        if reply.is_empty() || reply == b"{}" {
            return Scanned::Ping;
        }
        let found = self.prefix.find(reply).and_then(|start| marker::read(&reply[start..]));
        found.map_or(Scanned::Other(reply), Scanned::Delivery)
    }
}

/// The id of a bare publish acknowledgement, `{"id":N,"publish":{}}` or its Protobuf form; `None` for every other reply.
#[must_use]
pub fn publish_ack(encoding: Encoding, reply: &[u8]) -> Option<u32> {
    match encoding {
        Encoding::Json => {
            let digits = reply.strip_prefix(b"{\"id\":")?.strip_suffix(b",\"publish\":{}}")?;
            std::str::from_utf8(digits).ok()?.parse().ok()
        }
        Encoding::Protobuf => {
            let (id, rest) = varint(reply.strip_prefix(&[1 << 3])?)?;
            (rest == [8 << 3 | 2, 0]).then(|| u32::try_from(id).ok())?
        }
    }
}

/// An unsigned LEB128 number and what follows it; `None` when it is cut short or longer than 64 bits.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::marker::Template;
    use super::*;

    const MARKER: Marker = Marker { run: 1, stream: 2, sequence: 3, sent_ns: 4 };

    fn scan_all(encoding: Encoding, message: &[u8]) -> (Vec<Scanned<'_>>, bool) {
        let mut found = Vec::new();
        let complete = Scanner::new(encoding).scan(message, |scanned| found.push(scanned));
        (found, complete)
    }

    #[test]
    fn splits_joined_json_replies() {
        let payload = String::from_utf8(Template::new(64).fill(MARKER).to_vec()).unwrap();
        let push = format!("{{\"push\":{{\"channel\":\"a\",\"pub\":{{\"data\":{payload}}}}}}}");
        let message = format!("{push}\n{{}}\n{{\"id\":9,\"publish\":{{}}}}\n{push}\n");
        let (found, complete) = scan_all(Encoding::Json, message.as_bytes());
        let ack = Scanned::Other(b"{\"id\":9,\"publish\":{}}");
        assert_eq!(found, [Scanned::Delivery(MARKER), Scanned::Ping, ack, Scanned::Delivery(MARKER)]);
        assert!(complete);
    }

    #[test]
    fn splits_length_prefixed_protobuf_replies() {
        let payload = Template::new(64).fill(MARKER).to_vec();
        let mut message = vec![0, payload.len() as u8];
        message.extend_from_slice(&payload);
        message.extend_from_slice(&[4, 8, 9, 66, 0]);
        let (found, complete) = scan_all(Encoding::Protobuf, &message);
        assert_eq!(found, [Scanned::Ping, Scanned::Delivery(MARKER), Scanned::Other(&[8, 9, 66, 0])]);
        assert!(complete);
        assert!(!scan_all(Encoding::Protobuf, &[5, 1, 2]).1);
        assert!(!scan_all(Encoding::Protobuf, &[0xff; 12]).1);
    }

    #[test]
    fn knows_acknowledgements_and_nothing_else() {
        assert_eq!(publish_ack(Encoding::Json, b"{\"id\":12,\"publish\":{}}"), Some(12));
        assert_eq!(publish_ack(Encoding::Json, b"{\"id\":12,\"error\":{\"code\":103}}"), None);
        assert_eq!(publish_ack(Encoding::Protobuf, &[8, 0xac, 2, 66, 0]), Some(300));
        assert_eq!(publish_ack(Encoding::Protobuf, &[8, 1, 18, 0]), None);
    }
}
