//! What a connection has been sent lately, so that it can be sent again to a client that comes back.
//!
//! Only events with an offset are kept: those that may be repeated. Bounded in number and bytes; what is older is
//! forgotten, and a client that would need it starts afresh.

use std::collections::{HashSet, VecDeque};

use bytes::{Bytes, BytesMut};
use natter_protocol::socketio::packet::{Kind, Packet};
use natter_protocol::wsframe::{self, Opcode};

const EVENTS_MAX: usize = 512;
const BYTES_MAX: usize = 256 * 1024;
const OFFSET_CHARS_MAX: usize = 96;

/// One packet with its attachments, as complete frames.
struct Unit {
    /// The packet's text, with its Engine.IO type.
    text: Bytes,
    frames: Bytes,
}

impl Unit {
    fn packet(&self) -> Option<Packet<'_>> {
        let text = std::str::from_utf8(&self.text).ok()?.strip_prefix('4')?;
        Packet::parse(text).ok().filter(|packet| packet.kind == Kind::Event && packet.id.is_none())
    }

    /// The namespace and the offset of an event that may be repeated.
    fn place(&self) -> Option<(&str, &str)> {
        let packet = self.packet()?;
        let (_, last) = packet.json.strip_suffix("\"]")?.rsplit_once(",\"")?;
        let is_offset = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
        let is_sound = last.contains(':') && last.len() <= OFFSET_CHARS_MAX && last.chars().all(is_offset);
        is_sound.then_some((packet.namespace, last))
    }
}

/// Takes frames apart, attachments with their packets.
fn units(frames: &Bytes) -> Vec<Unit> {
    let mut rest = frames.clone();
    let mut units: Vec<(Bytes, usize, usize)> = Vec::new();
    loop {
        let start = frames.len() - rest.len();
        let Some((opcode, payload)) = wsframe::take_frame(&mut rest) else { break };
        let end = frames.len() - rest.len();
        match units.last_mut() {
            Some((_, _, unit_end)) if opcode == Opcode::Binary as u8 => *unit_end = end,
            _ => units.push((payload, start, end)),
        }
    }
    units.into_iter().map(|(text, start, end)| Unit { text, frames: frames.slice(start..end) }).collect()
}

/// The events that one connection has been sent.
#[derive(Default)]
pub(crate) struct ReplayLog {
    events: VecDeque<Unit>,
    bytes: usize,
    /// What a client had that has missed everything in here, by namespace; nothing when something has been forgotten.
    before: Vec<(String, String)>,
}

impl ReplayLog {
    /// A namespace begins; its client has had everything up to `offset`, or nothing when that is empty.
    pub(crate) fn begin(&mut self, namespace: &str, offset: &str) {
        self.before.push((namespace.to_owned(), offset.to_owned()));
    }

    /// Notes what is sent.
    pub(crate) fn push(&mut self, frames: &Bytes) {
        for unit in units(frames) {
            if unit.place().is_some() {
                self.bytes += unit.frames.len();
                self.events.push_back(unit);
            }
        }
        while self.events.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.frames.len();
            self.before.clear();
        }
    }

    /// What a client of a namespace has missed that has had everything up to `offset`; `None` when that is not known.
    pub(crate) fn after(&self, namespace: &str, offset: &str) -> Option<Vec<Bytes>> {
        let at = self.events.iter().position(|unit| unit.place() == Some((namespace, offset)));
        let first = match at {
            Some(at) => at + 1,
            None if self.before.iter().any(|known| known.0 == namespace && known.1 == offset) => 0,
            None => return None,
        };
        let missed =
            self.events.iter().skip(first).filter(|unit| unit.place().is_some_and(|place| place.0 == namespace));
        Some(missed.map(|unit| unit.frames.clone()).collect())
    }
}

/// Leaves out of frames the events that are among others already.
pub(crate) fn without_repeats(repeated: &[Bytes]) -> impl FnMut(Bytes) -> Bytes + 'static {
    let place_of = |unit: &Unit| unit.place().map(|(namespace, offset)| (namespace.to_owned(), offset.to_owned()));
    let known: HashSet<(String, String)> = repeated.iter().flat_map(units).filter_map(|unit| place_of(&unit)).collect();
    move |frames| {
        let units = units(&frames);
        let is_new = |unit: &&Unit| place_of(unit).is_none_or(|place| !known.contains(&place));
        let kept: Vec<&Unit> = units.iter().filter(is_new).collect();
        if kept.len() == units.len() {
            return frames;
        }
        let mut out = BytesMut::new();
        kept.iter().for_each(|unit| out.extend_from_slice(&unit.frames));
        out.freeze()
    }
}

#[cfg(test)]
mod tests {
    use natter_protocol::engineio::Revision;
    use natter_protocol::engineio::packet::{append_binary_frame, append_message_frame, text_frame};

    use super::*;

    fn event(namespace: &str, offset: &str) -> Bytes {
        let namespace = if namespace == "/" { String::new() } else { format!("{namespace},") };
        let mut out = BytesMut::new();
        append_message_frame(format!("2{namespace}[\"e\",1,\"{offset}\"]").as_bytes(), &mut out);
        out.freeze()
    }

    fn log_of(offsets: impl IntoIterator<Item = String>) -> ReplayLog {
        let mut log = ReplayLog::default();
        log.begin("/", "");
        offsets.into_iter().for_each(|offset| log.push(&event("/", &offset)));
        log
    }

    #[test]
    fn what_follows_an_offset_is_found() {
        let mut log = log_of(["r:1".to_owned(), "r:2".to_owned()]);
        log.push(&event("/other", "r:3"));
        assert_eq!(log.after("/", "r:1"), Some(vec![event("/", "r:2")]));
        assert_eq!(log.after("/", "r:2"), Some(vec![]));
        assert_eq!(log.after("/", ""), Some(vec![event("/", "r:1"), event("/", "r:2")]));
        assert_eq!(log.after("/", "r:3"), None, "another namespace's");
        assert_eq!(log.after("/other", ""), None, "it never began here");
    }

    #[test]
    fn attachments_stay_with_their_packet_and_other_packets_are_not_kept() {
        let mut frames = BytesMut::new();
        append_message_frame(b"51-[\"e\",{\"_placeholder\":true,\"num\":0},\"r:1\"]", &mut frames);
        append_binary_frame(Revision::V4, true, b"bytes", &mut frames);
        let whole = frames.clone().freeze();
        append_message_frame(b"2[\"volatile\",1]", &mut frames);
        append_message_frame(b"27[\"asks\",\"r:2\"]", &mut frames);
        frames.extend_from_slice(&text_frame("2"));
        let mut log = log_of([]);
        log.push(&frames.freeze());
        assert_eq!(log.after("/", ""), Some(vec![whole]));
    }

    #[test]
    fn old_events_are_forgotten_and_nobody_is_told_otherwise() {
        let log = log_of((0..=EVENTS_MAX).map(|number| format!("r:{number}")));
        assert_eq!((log.after("/", ""), log.after("/", "r:0")), (None, None));
        assert_eq!(log.after("/", "r:1").map(|missed| missed.len()), Some(EVENTS_MAX - 1));
    }

    #[test]
    fn events_that_came_twice_are_sent_once() {
        let mut both = BytesMut::new();
        both.extend_from_slice(&event("/", "r:1"));
        both.extend_from_slice(&event("/", "r:2"));
        let mut keep = without_repeats(&[event("/", "r:1")]);
        assert_eq!(keep(both.freeze()), event("/", "r:2"));
        assert_eq!(keep(event("/", "r:1")), Bytes::new());
        assert_eq!(keep(text_frame("2")), text_frame("2"));
    }
}
