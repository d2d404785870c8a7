//! Reads packets of Socket.IO; an event that is read must survive being written and read again.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use natter_protocol::socketio::encode::{Head, append_event};
use natter_protocol::socketio::packet::{Kind, Packet};

fuzz_target!(|text: &str| {
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
});
