//! The payload that every load message carries, built so that it can be found and read without parsing the frame around it.
//!
//! `{"lt":"RRRRRRRR.SSSSSSSS.NNNNNNNNNNNN.TTTTTTTTTTTTTTTT.xxx…"}`: run, stream, sequence number and send time in lower-case
//! hex at fixed places, then padding. It is one JSON object without white space, so a JSON and a Protobuf connection carry
//! the same bytes and a server has no reason to rewrite them.

/// What comes before the first field; the scan looks for exactly this.
pub const PREFIX: &[u8] = b"{\"lt\":\"";

/// The smallest payload that holds every field, in bytes.
pub const SIZE_MIN: usize = 57;

const RUN: usize = 7;
const STREAM: usize = 16;
const SEQUENCE: usize = 25;
const SENT: usize = 38;
const PADDING: usize = 55;

/// The fields of one load message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// The run it belongs to; messages of other runs are ignored.
    pub run: u32,
    /// The sequence it is numbered in: one per publisher, or one per room.
    pub stream: u32,
    /// Its number in the stream, from 0, below 2^48.
    pub sequence: u64,
    /// When it was sent, or at a fixed rate when it should have been, in the run clock's nanoseconds.
    pub sent_ns: u64,
}

/// A reusable payload of one size; only the digits change from message to message.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
}

impl Template {
    /// A payload of `size` bytes, or of [`SIZE_MIN`] when that is larger.
    #[must_use]
    pub fn new(size: usize) -> Self {
        let mut bytes = vec![b'x'; size.max(SIZE_MIN)];
        let end = bytes.len();
        bytes[..PREFIX.len()].copy_from_slice(PREFIX);
        for dot in [STREAM, SEQUENCE, SENT, PADDING] {
            bytes[dot - 1] = b'.';
        }
        bytes[end - 2..].copy_from_slice(b"\"}");
        Self { bytes }
    }

    /// The payload for `marker`, valid until the next call.
    pub fn fill(&mut self, marker: Marker) -> &[u8] {
        write_hex(&mut self.bytes[RUN..STREAM - 1], u64::from(marker.run));
        write_hex(&mut self.bytes[STREAM..SEQUENCE - 1], u64::from(marker.stream));
        write_hex(&mut self.bytes[SEQUENCE..SENT - 1], marker.sequence);
        write_hex(&mut self.bytes[SENT..PADDING - 1], marker.sent_ns);
        &self.bytes
    }
}

/// Reads the marker at the start of `payload`, which may go on with anything; `None` when it is no load message.
#[must_use]
pub fn read(payload: &[u8]) -> Option<Marker> {
    if payload.len() < SIZE_MIN || !payload.starts_with(PREFIX) {
        return None;
    }
    Some(Marker {
        run: u32::try_from(read_hex(&payload[RUN..STREAM - 1])?).ok()?,
        stream: u32::try_from(read_hex(&payload[STREAM..SEQUENCE - 1])?).ok()?,
        sequence: read_hex(&payload[SEQUENCE..SENT - 1])?,
        sent_ns: read_hex(&payload[SENT..PADDING - 1])?,
    })
}

fn write_hex(digits: &mut [u8], mut value: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value & 15) as usize];
        value >>= 4;
    }
}

fn read_hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(nibble))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKER: Marker = Marker { run: 0xdead_beef, stream: 7, sequence: 0x1234_5678_9abc, sent_ns: u64::MAX };

    #[test]
    fn reads_back_what_it_wrote_at_every_size() {
        for size in [0, SIZE_MIN, 64, 128, 1000] {
            let mut template = Template::new(size);
            let payload = template.fill(MARKER).to_vec();
            assert_eq!(payload.len(), size.max(SIZE_MIN));
            assert_eq!(read(&payload), Some(MARKER));
            serde_json::from_slice::<serde_json::Value>(&payload).unwrap();
        }
    }

    #[test]
    fn refuses_what_is_cut_short_or_not_a_marker() {
        let payload = Template::new(128).fill(MARKER).to_vec();
        assert_eq!(read(&payload[..SIZE_MIN - 1]), None);
        assert_eq!(read(b"{\"text\":\"hello\"}"), None);
        let mut broken = payload;
        broken[SEQUENCE] = b'!';
        assert_eq!(read(&broken), None);
    }
}
