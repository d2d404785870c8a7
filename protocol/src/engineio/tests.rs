//! Bodies and frames as the official libraries write them, and what must be refused.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::handshake::{Open, session_id};
use super::packet::{Packet, PacketError, append_binary_frame, append_message_frame};
use super::payload::{PayloadError, PayloadReader, encode};
use super::{Frame, Revision, jsonp};

fn text(text: &str) -> Frame {
    Frame::Text(Bytes::copy_from_slice(text.as_bytes()))
}

fn binary(bytes: &[u8]) -> Frame {
    Frame::Binary(Bytes::copy_from_slice(bytes))
}

fn read(revision: Revision, is_binary: bool, body: &[u8]) -> Result<Vec<Frame>, PayloadError> {
    PayloadReader::new(revision, is_binary, Bytes::copy_from_slice(body)).collect()
}

#[test]
fn bodies_of_revision_4_are_separated() {
    let frames = vec![text("4hello"), text("2"), text("bAQIDBA==")];
    assert_eq!(read(Revision::V4, false, b"4hello\x1e2\x1ebAQIDBA=="), Ok(frames));
    let sent = [text("4hello"), text("2"), binary(&[1, 2, 3, 4])];
    let payload = encode(Revision::V4, true, &sent);
    assert_eq!((&payload.body[..], payload.is_binary), (&b"4hello\x1e2\x1ebAQIDBA=="[..], false));
}

#[test]
fn bodies_of_revision_3_count_utf16_units() {
    let body = "6:4hello2:4€3:4😀".as_bytes();
    let frames = vec![text("4hello"), text("4€"), text("4😀")];
    assert_eq!(read(Revision::V3, false, body), Ok(frames.clone()));
    assert_eq!(encode(Revision::V3, true, &frames).body, body);
    let as_base64 = encode(Revision::V3, false, &[text("4a"), binary(&[4, 1, 2, 3, 4])]);
    assert_eq!((&as_base64.body[..], as_base64.is_binary), (&b"2:4a10:b4AQIDBA=="[..], false));
}

#[test]
fn bodies_of_revision_3_with_bytes_count_bytes() {
    let body = b"\x00\x06\xff4hello\x01\x05\xff\x04\x01\x02\x03\x04";
    let frames = vec![text("4hello"), binary(&[4, 1, 2, 3, 4])];
    assert_eq!(read(Revision::V3, true, body), Ok(frames.clone()));
    let payload = encode(Revision::V3, true, &frames);
    assert_eq!((&payload.body[..], payload.is_binary), (&body[..], true));
    let long = encode(Revision::V3, true, &[binary(&[4; 123])]);
    assert_eq!(long.body[..5], [1, 1, 2, 3, 0xff]);
}

#[test]
fn what_is_no_body_is_refused() {
    let refused = |revision, is_binary, body: &[u8]| read(revision, is_binary, body).expect_err("refused");
    for body in [&b""[..], b"\x1e", b"4a\x1e", b"\x1e4a", b"4a\x1e\x1e4b"] {
        assert_eq!(refused(Revision::V4, false, body), PayloadError::Empty, "{body:?}");
    }
    assert_eq!(refused(Revision::V4, true, b"4a"), PayloadError::Binary);
    assert_eq!(refused(Revision::V4, false, b"4\xff"), PayloadError::NotText);
    for body in [&b"abc"[..], b":4a", b"2:4", b"0:", b"-1:4a", b"3:4a", b"99999999999999999999:4a", "2:4😀".as_bytes()]
    {
        assert_eq!(refused(Revision::V3, false, body), PayloadError::Length, "{body:?}");
    }
    for body in
        [&b"\x00"[..], b"\x00\x01", b"\x00\xff4", b"\x00\x0a\xff4", b"\x00\x02\xff4", b"\x02\x01\xff4", b"\x00\x00\xff"]
    {
        assert_eq!(refused(Revision::V3, true, body), PayloadError::Length, "{body:?}");
    }
}

#[test]
fn frames_are_read_as_packets() {
    let read = |frame: &'static [u8]| Packet::from_text(Revision::V4, frame);
    assert_eq!(read(b"4hello"), Ok(Packet::Message("hello")));
    assert_eq!(read(b"2probe"), Ok(Packet::Ping("probe")));
    assert_eq!(read(b"3"), Ok(Packet::Pong("")));
    assert_eq!(read(b"bAQIDBA=="), Ok(Packet::Binary(Cow::Borrowed(&[1, 2, 3, 4]))));
    assert_eq!(Packet::from_text(Revision::V3, b"b4AQIDBA=="), Ok(Packet::Binary(Cow::Borrowed(&[1, 2, 3, 4]))));
    // In revision 4 the 4 is a character of the base64.
    assert_eq!(read(b"b4AQI"), Ok(Packet::Binary(Cow::Borrowed(&[0xe0, 0x04, 0x08]))));
    assert_eq!(read(b""), Err(PacketError::Empty));
    assert_eq!(read(b"abc"), Err(PacketError::UnknownType));
    assert_eq!(read(b"b!"), Err(PacketError::NotBase64));
    assert_eq!(read(b"\xff"), Err(PacketError::NotText));
    assert_eq!(Packet::from_binary(Revision::V4, b"\x01"), Ok(Packet::Binary(Cow::Borrowed(&[1]))));
    assert_eq!(Packet::from_binary(Revision::V3, b"\x04\x01"), Ok(Packet::Binary(Cow::Borrowed(&[1]))));
    assert_eq!(Packet::from_binary(Revision::V3, b"\x05\x01"), Err(PacketError::UnknownType));
}

#[test]
fn messages_become_websocket_frames() {
    let mut out = BytesMut::new();
    append_message_frame(b"hi", &mut out);
    append_binary_frame(Revision::V4, true, &[1], &mut out);
    append_binary_frame(Revision::V3, true, &[1], &mut out);
    append_binary_frame(Revision::V3, false, &[1], &mut out);
    append_binary_frame(Revision::V4, false, &[1], &mut out);
    assert_eq!(&out[..], b"\x81\x034hi\x82\x01\x01\x82\x02\x04\x01\x81\x06b4AQ==\x81\x05bAQ==");
}

#[test]
fn scripts_and_forms_carry_bodies() {
    assert_eq!(&jsonp::script(&jsonp::index("0;alert(1)"), "1:6\"")[..], b"___eio[01](\"1:6\\\"\");");
    assert_eq!(&jsonp::script("0", "a\u{2028}b")[..], b"___eio[0](\"a\\u2028b\");");
    assert_eq!(jsonp::body_of_form(b"d=6%3A4hello").as_deref(), Some(&b"6:4hello"[..]));
    assert_eq!(jsonp::body_of_form(b"x=1&d=a+b").as_deref(), Some(&b"a b"[..]));
    assert_eq!(jsonp::body_of_form(b"d=a%5Cnb%5C%5Cnc").as_deref(), Some(&b"a\nb\\nc"[..]));
    for form in [&b""[..], b"x=1", b"d=%", b"d=%4", b"d=%zz", b"d=%ff"] {
        assert_eq!(jsonp::body_of_form(form), None, "{form:?}");
    }
}

#[test]
fn sessions_begin_with_an_open_packet() {
    let sid = session_id([0xff; 15]);
    assert_eq!(sid, "____________________");
    let open = Open { sid: &sid, has_upgrade: true, ping_interval_ms: 1, ping_timeout_ms: 2, payload_bytes_max: 3 };
    let expected = "0{\"sid\":\"____________________\",\"upgrades\":[\"websocket\"],\"pingInterval\":1,\"pingTimeout\":2,\"maxPayload\":3}";
    assert_eq!(open.packet(), expected);
}

/// A frame of the kinds that the layer above makes. Text does not hold the separator, as JSON never does.
fn frames(revision: Revision) -> impl Strategy<Value = Vec<Frame>> {
    let text_frame = "[0-6][^\\x1e]{0,20}".prop_map(|frame: String| text(&frame));
    let binary_frame = proptest::collection::vec(any::<u8>(), 1..40).prop_map(move |mut bytes| {
        if revision == Revision::V3 {
            bytes[0] = 4;
        }
        binary(&bytes)
    });
    proptest::collection::vec(prop_oneof![text_frame, binary_frame], 1..6)
}

fn as_packets(revision: Revision, frames: &[Frame]) -> Vec<Packet<'_>> {
    let packets = frames.iter().map(|frame| match frame {
        Frame::Text(text) => Packet::from_text(revision, text).unwrap(),
        Frame::Binary(bytes) => Packet::from_binary(revision, bytes).unwrap(),
    });
    packets.collect()
}

proptest! {
    #[test]
    fn payloads_of_revision_4_survive(frames in frames(Revision::V4)) {
        let payload = encode(Revision::V4, true, &frames);
        let again = read(Revision::V4, payload.is_binary, &payload.body).unwrap();
        prop_assert_eq!(as_packets(Revision::V4, &again), as_packets(Revision::V4, &frames));
    }

    #[test]
    fn payloads_of_revision_3_survive(frames in frames(Revision::V3), has_binary: bool) {
        let payload = encode(Revision::V3, has_binary, &frames);
        let again = read(Revision::V3, payload.is_binary, &payload.body).unwrap();
        prop_assert_eq!(as_packets(Revision::V3, &again), as_packets(Revision::V3, &frames));
    }

    #[test]
    fn any_body_is_read_without_panic_and_in_order(body: Vec<u8>, is_binary: bool, is_4: bool) {
        let revision = if is_4 { Revision::V4 } else { Revision::V3 };
        let held: usize = read(revision, is_binary, &body).into_iter().flatten().map(|frame| match frame {
            Frame::Text(bytes) | Frame::Binary(bytes) => bytes.len(),
        }).sum();
        prop_assert!(held <= body.len());
    }

    #[test]
    fn any_form_is_read_without_panic(form: Vec<u8>) {
        let _ = jsonp::body_of_form(&form);
    }
}
