//! What a hostile client may send over Engine.IO and Socket.IO: the entry points of the fuzz targets, driven here with bytes
//! that look like the real thing, and with the real thing after some damage.

#![allow(clippy::unwrap_used, reason = "test code")]

use bytes::BytesMut;
use natter_protocol::engineio::packet::Packet as EnginePacket;
use natter_protocol::engineio::payload::{PayloadReader, encode};
use natter_protocol::engineio::{Frame, Revision, jsonp};
use natter_protocol::socketio::encode::{Head, append_event};
use natter_protocol::socketio::packet::{Kind, Packet};
use natter_protocol::wsframe::take_frame;
use proptest::prelude::*;

const CASES: u32 = 4_096;

/// Packets as clients send them.
static PACKETS: [&str; 12] = [
    "0",
    "0{\"token\":\"abc\"}",
    "0/admin?token=abc,",
    "1/admin,",
    "2[\"send\",{\"room_id\":\"664a\",\"message\":\"Hi \u{1F389}\"}]",
    "2/admin,12[\"join-room\",\"664a\"]",
    "30[{\"status\":true}]",
    "3/admin,7[]",
    "51-[\"file\",{\"_placeholder\":true,\"num\":0}]",
    "52-/admin,3[\"file\",[{\"_placeholder\":true,\"num\":1}],{\"_placeholder\":true,\"num\":0}]",
    "61-4[{\"_placeholder\":true,\"num\":0}]",
    "4{\"message\":\"no\"}",
];

/// A place in a text, and what is put there instead of some bytes.
fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, Vec<u8>)>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        prop::sample::select(vec![
            "[",
            "]",
            "{",
            "}",
            "\"",
            ",",
            "-",
            ":",
            "0",
            "99999999999999999999",
            "/",
            "?",
            "\u{1e}"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, piece), 0..4)
}

fn damaged(bytes: &[u8], damage: &[(prop::sample::Index, usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, length, piece) in damage {
        let start = place.index(bytes.len() + 1);
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, piece.iter().copied());
    }
    bytes
}

/// An event that is read must survive being written and read again.
fn check_packet(text: &str) {
    let Ok(packet) = Packet::parse(text) else { return };
    if packet.kind != Kind::Event || !packet.query.is_empty() {
        return;
    }
    let event = packet.event().expect("it was an event when it was read");
    let Packet { kind, attachments, namespace, id, .. } = packet;
    let mut out = BytesMut::new();
    append_event(&Head { kind, attachments, namespace, id }, &event.name, event.arguments, None, &mut out);
    let written = String::from_utf8(out.to_vec()).expect("text");
    let again = Packet::parse(&written).expect("own encoding");
    assert_eq!((again.namespace, again.id, again.attachments), (namespace, id, attachments));
    assert_eq!(again.event().expect("own event").arguments, event.arguments);
}

fn bytes_of(frame: &Frame) -> &[u8] {
    match frame {
        Frame::Text(bytes) | Frame::Binary(bytes) => bytes,
    }
}

/// What is read of a body must be no more than it holds, and survive being written and read again.
fn check_body(revision: Revision, is_binary: bool, body: &[u8]) {
    let frames: Vec<Frame> =
        PayloadReader::new(revision, is_binary, body.to_vec().into()).map_while(Result::ok).collect();
    assert!(frames.iter().map(|frame| bytes_of(frame).len()).sum::<usize>() <= body.len());
    for frame in &frames {
        let _ = match frame {
            Frame::Text(text) => EnginePacket::from_text(revision, text),
            Frame::Binary(bytes) => EnginePacket::from_binary(revision, bytes),
        };
    }
    if !frames.is_empty() {
        let payload = encode(revision, true, &frames);
        let again = PayloadReader::new(revision, payload.is_binary, payload.body);
        assert_eq!(again.collect::<Result<Vec<_>, _>>().as_deref(), Ok(&frames[..]));
    }
    let _ = jsonp::body_of_form(body);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn damaged_packets_are_read_or_refused(packet in prop::sample::select(&PACKETS[..]), damage in damage()) {
        if let Ok(text) = String::from_utf8(damaged(packet.as_bytes(), &damage)) {
            check_packet(&text);
        }
    }

    #[test]
    fn damaged_bodies_are_read_or_refused(
        packets in prop::collection::vec(prop::sample::select(&PACKETS[..]), 0..5),
        binary in prop::collection::vec(any::<u8>(), 0..20),
        is_v3: bool,
        has_binary: bool,
        damage in damage(),
    ) {
        let revision = if is_v3 { Revision::V3 } else { Revision::V4 };
        let text = packets.iter().map(|packet| Frame::Text(format!("4{packet}").into_bytes().into()));
        let frames: Vec<Frame> = text.chain([Frame::Binary([&[4_u8][..], binary.as_slice()].concat().into())]).collect();
        let payload = encode(revision, has_binary, &frames);
        check_body(revision, payload.is_binary, &damaged(&payload.body, &damage));
        check_body(revision, !payload.is_binary, &damaged(&payload.body, &damage));
    }

    #[test]
    fn any_frame_is_read_or_refused(frame in prop::collection::vec(any::<u8>(), 0..64)) {
        for revision in [Revision::V3, Revision::V4] {
            if let Ok(EnginePacket::Binary(bytes)) = EnginePacket::from_text(revision, &frame) {
                prop_assert!(bytes.len() <= frame.len());
            }
            let _ = EnginePacket::from_binary(revision, &frame);
        }
        let mut frames = frame.into();
        while take_frame(&mut frames).is_some() {}
    }
}
