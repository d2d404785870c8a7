//! Reads bodies of polling and frames of Engine.IO; what is read must survive being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use natter_protocol::engineio::packet::Packet;
use natter_protocol::engineio::payload::{PayloadReader, encode};
use natter_protocol::engineio::{Frame, Revision, jsonp};

fuzz_target!(|input: (bool, bool, &[u8])| {
    let (is_v3, is_binary, body) = input;
    let revision = if is_v3 { Revision::V3 } else { Revision::V4 };
    let frames: Vec<Frame> =
        PayloadReader::new(revision, is_binary, body.to_vec().into()).map_while(Result::ok).collect();
    let held: usize = frames.iter().map(|frame| bytes_of(frame).len()).sum();
    assert!(held <= body.len());
    for frame in &frames {
        let _ = match frame {
            Frame::Text(text) => Packet::from_text(revision, text),
            Frame::Binary(bytes) => Packet::from_binary(revision, bytes),
        };
    }
    if !frames.is_empty() {
        let payload = encode(revision, true, &frames);
        let again: Vec<_> = PayloadReader::new(revision, payload.is_binary, payload.body).collect();
        assert_eq!(again.into_iter().collect::<Result<Vec<_>, _>>().as_deref(), Ok(&frames[..]));
    }
    let _ = jsonp::body_of_form(body);
});

fn bytes_of(frame: &Frame) -> &[u8] {
    match frame {
        Frame::Text(bytes) | Frame::Binary(bytes) => bytes,
    }
}
