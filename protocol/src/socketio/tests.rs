//! Packets as the official libraries write them, and what must be refused.

use bytes::BytesMut;
use proptest::prelude::*;

use super::encode::{Head, append_ack, append_event, append_plain};
use super::event::{EventError, split_event};
use super::packet::{Kind, Packet, PacketError};

fn packet(text: &str) -> Packet<'_> {
    Packet::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn event<'a>(namespace: &'a str, id: Option<u64>, attachments: usize, json: &'a str) -> Packet<'a> {
    Packet { kind: Kind::Event, attachments, namespace, query: "", id, json }
}

#[test]
fn packets_of_the_official_libraries_are_read() {
    assert_eq!(packet("42[\"hi\"]".strip_prefix('4').unwrap()), event("/", None, 0, "[\"hi\"]"));
    assert_eq!(packet("2/admin,12[\"ev\",1]"), event("/admin", Some(12), 0, "[\"ev\",1]"));
    assert_eq!(packet("20[\"ev\"]").id, Some(0));
    assert_eq!(packet("0").namespace, "/");
    assert_eq!(packet("0{\"token\":\"1\"}").json, "{\"token\":\"1\"}");
    assert_eq!(packet("0/admin").namespace, "/admin");
    assert_eq!((packet("0/c?token=abc,").namespace, packet("0/c?token=abc,").query), ("/c", "token=abc"));
    assert_eq!(packet("1/admin,").kind, Kind::Disconnect);
    assert_eq!(packet("3/admin,12[\"ok\"]").kind, Kind::Ack);
    let binary = "52-/admin,7[\"f\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    assert_eq!((packet(binary).attachments, packet(binary).id), (2, Some(7)));
    assert_eq!(packet("50-[\"none\"]").attachments, 0);
}

#[test]
fn what_is_no_packet_is_refused() {
    let refused = |text: &str| Packet::parse(text).expect_err(text);
    for text in ["", "7", "x", "9[\"a\"]"] {
        assert_eq!(refused(text), PacketError::UnknownType);
    }
    for text in ["5[\"a\"]", "5-[\"a\"]", "511-[\"a\"]", "599999999999999999999-[\"a\"]", "5x-[\"a\"]"] {
        assert_eq!(refused(text), PacketError::Attachments);
    }
    for text in ["299999999999999999999[\"a\"]", "3[\"a\"]", "3"] {
        assert_eq!(refused(text), PacketError::Id);
    }
    for text in ["31", "31{}", "0[]", "0\"a\"", "1[]", "4{"] {
        assert_eq!(refused(text), PacketError::Json, "{text}");
    }
    for (text, error) in [
        ("2", EventError::NotArray),
        ("2{}", EventError::NotArray),
        ("2abc[\"a\"]", EventError::NotArray),
        ("2[\"a\"]]", EventError::NotArray),
        ("2[\"a\",]", EventError::NotArray),
        ("2[]", EventError::NoName),
        ("2[null]", EventError::NoName),
        ("2[{}]", EventError::NoName),
        ("2[\"connect\"]", EventError::Reserved),
        ("2[\"disconn\\u0065ct\"]", EventError::Reserved),
    ] {
        assert_eq!(refused(text), PacketError::Event(error), "{text}");
    }
}

#[test]
fn placeholders_must_point_at_attachments() {
    let with = |number: &str| format!("51-[\"a\",[{{\"x\":{{\"_placeholder\":true,\"num\":{number}}}}}]]");
    assert!(Packet::parse(&with("0")).is_ok());
    for number in ["1", "-1", "\"0\"", "0.5", "null", "18446744073709551615"] {
        assert_eq!(Packet::parse(&with(number)), Err(PacketError::Json), "{number}");
    }
    assert_eq!(Packet::parse("51-[\"a\",{\"_placeholder\":true}]"), Err(PacketError::Json));
    assert!(Packet::parse("51-[\"a\",{\"_placeholder\":false,\"num\":9}]").is_ok());
    assert!(Packet::parse("2[\"a\",{\"_placeholder\":true,\"num\":9}]").is_ok(), "no attachments, no placeholders");
}

#[test]
fn an_event_keeps_the_text_of_its_arguments() {
    let arguments = |json: &'static str| split_event(json).map(|event| event.arguments).unwrap();
    assert_eq!(arguments("[\"a\"]"), "");
    assert_eq!(arguments("[\"a\",1,\"2\",{\"3\":[true]}]"), "1,\"2\",{\"3\":[true]}");
    assert_eq!(arguments(" [\"a\"] ".trim()), "");
    assert_eq!(arguments("[ \"a\" , 1 , 2 ]"), "1 , 2");
    assert_eq!(split_event("[1,2]").unwrap().name, "1");
    assert_eq!(split_event("[\"\\u0061\",2]").unwrap().name, "a");
}

#[test]
fn packets_are_written_as_the_official_libraries_write_them() {
    let written = |head: &Head<'_>, write: &dyn Fn(&Head<'_>, &mut BytesMut)| {
        let mut out = BytesMut::new();
        write(head, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    };
    let head = |kind, attachments, namespace, id| Head { kind, attachments, namespace, id };
    let event = |head: Head<'_>, arguments, offset| {
        written(&head, &|head, out| append_event(head, "ev", arguments, offset, out))
    };
    assert_eq!(event(head(Kind::Event, 0, "/", None), "", None), "2[\"ev\"]");
    assert_eq!(event(head(Kind::Event, 0, "/admin", Some(12)), "1", None), "2/admin,12[\"ev\",1]");
    assert_eq!(event(head(Kind::Event, 2, "/", None), "1", Some("o")), "52-[\"ev\",1,\"o\"]");
    let ack = written(&head(Kind::Ack, 0, "/admin", Some(0)), &|head, out| append_ack(head, "\"ok\"", out));
    assert_eq!(ack, "3/admin,0[\"ok\"]");
    let plain = |kind, namespace, json| written(&head(kind, 0, namespace, None), &|h, out| append_plain(h, json, out));
    assert_eq!(plain(Kind::Connect, "/", "{\"sid\":\"1\"}"), "0{\"sid\":\"1\"}");
    assert_eq!(plain(Kind::Disconnect, "/admin", ""), "1/admin,");
    assert_eq!(plain(Kind::ConnectError, "/x", "{}"), "4/x,{}");
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text: String) {
        let _ = Packet::parse(&text);
    }

    #[test]
    fn anything_like_a_packet_is_read_without_panic(text in "[0-6][0-9]{0,3}-?(/[a-z?=]{0,4},?)?[0-9]{0,25}[\\[\\]{}\",:a-z0-9 ]{0,30}") {
        let _ = Packet::parse(&text);
    }

    #[test]
    fn events_survive_writing_and_reading(
        name: String,
        namespace in "(/[a-z]{1,5})?",
        id: Option<u64>,
        numbers: Vec<i64>,
        text: String,
    ) {
        prop_assume!(!super::event::RESERVED_NAMES.contains(&name.as_str()));
        let namespace = if namespace.is_empty() { "/" } else { &namespace };
        let arguments = format!("{},{}", serde_json::to_string(&numbers).unwrap(), serde_json::to_string(&text).unwrap());
        let mut out = BytesMut::new();
        append_event(&Head { kind: Kind::Event, attachments: 0, namespace, id }, &name, &arguments, None, &mut out);
        let written = String::from_utf8(out.to_vec()).unwrap();
        let read = Packet::parse(&written).unwrap();
        prop_assert_eq!((read.kind, read.namespace, read.id), (Kind::Event, namespace, id));
        let event = read.event().unwrap();
        prop_assert_eq!(event.name.as_ref(), name.as_str());
        prop_assert_eq!(event.arguments, arguments.as_str());
    }
}
