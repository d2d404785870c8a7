//! Reads single frames of Engine.IO, and takes server frames apart.
#![no_main]

use libfuzzer_sys::fuzz_target;
use natter_protocol::engineio::Revision;
use natter_protocol::engineio::packet::Packet;
use natter_protocol::wsframe::take_frame;

fuzz_target!(|frame: &[u8]| {
    for revision in [Revision::V3, Revision::V4] {
        if let Ok(Packet::Binary(bytes)) = Packet::from_text(revision, frame) {
            assert!(bytes.len() <= frame.len());
        }
        let _ = Packet::from_binary(revision, frame);
    }
    let mut frames = frame.to_vec().into();
    while take_frame(&mut frames).is_some() {}
});
