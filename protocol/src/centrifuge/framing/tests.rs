use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;

use super::strategies::{command, reply};
use super::*;
use crate::centrifuge::request::Request;
use crate::centrifuge::schema::*;

const ENCODINGS: [Encoding; 2] = [Encoding::Json, Encoding::Protobuf];

fn commands(encoding: Encoding, frame: &[u8]) -> Result<Vec<Command>, DecodeError> {
    decode_commands(encoding, frame).collect()
}

fn json_command(line: &str) -> Command {
    let mut found = commands(Encoding::Json, line.as_bytes()).expect("command");
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn encoded(encoding: Encoding, reply: &Reply) -> Vec<u8> {
    let mut out = BytesMut::new();
    append_reply(encoding, reply, &mut out).expect("JSON bodies");
    out.to_vec()
}

fn json(reply: &Reply) -> String {
    String::from_utf8(encoded(Encoding::Json, reply)).expect("JSON is text")
}

#[test]
fn result_objects_are_present_even_if_empty() {
    let subscribe = Reply { id: 2, subscribe: Some(SubscribeResult::default()), ..Reply::default() };
    let publish = Reply { id: 3, publish: Some(PublishResult {}), ..Reply::default() };
    let unsubscribe = Reply { id: 11, unsubscribe: Some(UnsubscribeResult {}), ..Reply::default() };
    assert_eq!(json(&subscribe), r#"{"id":2,"subscribe":{}}"#);
    assert_eq!(json(&publish), r#"{"id":3,"publish":{}}"#);
    assert_eq!(json(&unsubscribe), r#"{"id":11,"unsubscribe":{}}"#);
    assert_eq!(encoded(Encoding::Protobuf, &subscribe), [4, 0x08, 2, 0x32, 0]);
    assert_eq!(encoded(Encoding::Protobuf, &publish), [4, 0x08, 3, 0x42, 0]);
}

#[test]
fn fields_that_clients_rely_on_are_written_even_if_empty() {
    let empty = Reply {
        presence: Some(PresenceResult::default()),
        presence_stats: Some(PresenceStatsResult::default()),
        history: Some(HistoryResult::default()),
        ..Reply::default()
    };
    let expected = concat!(
        r#"{"presence":{"presence":{}},"presence_stats":{"num_clients":0,"num_users":0},"#,
        r#""history":{"publications":[],"epoch":"","offset":0}}"#
    );
    assert_eq!(json(&empty), expected);
    let join = Push { channel: "c".into(), join: Some(Join { info: Some(ClientInfo::default()) }), ..Push::default() };
    let join = Reply { push: Some(join), ..Reply::default() };
    assert_eq!(json(&join), r#"{"push":{"channel":"c","join":{"info":{"user":"","client":""}}}}"#);
}

#[test]
fn connect_result_has_the_fields_in_their_order() {
    let connect = ConnectResult {
        client: "c".into(),
        version: "v".into(),
        expires: true,
        ttl: 1,
        data: Bytes::from_static(b"{}"),
        subs: [("s".to_owned(), SubscribeResult::default().into())].into(),
        ping: 25,
        pong: true,
        session: "x".into(),
        node: "n".into(),
        time: 9,
    };
    let expected = concat!(
        r#"{"id":1,"connect":{"client":"c","version":"v","expires":true,"ttl":1,"data":{},"subs":{"s":{}},"#,
        r#""ping":25,"pong":true,"session":"x","node":"n","time":9}}"#
    );
    assert_eq!(json(&Reply { id: 1, connect: Some(connect), ..Reply::default() }), expected);
}

#[test]
fn a_listed_subscription_is_there_even_if_it_is_empty() {
    let subs = [("s".to_owned(), SubscribeResult::default().into())].into();
    let reply = Reply { id: 1, connect: Some(ConnectResult { subs, ..ConnectResult::default() }), ..Reply::default() };
    // The entry has its key, and its value of length 0.
    assert_eq!(encoded(Encoding::Protobuf, &reply), [11, 0x08, 1, 0x2a, 7, 0x32, 5, 0x0a, 1, b's', 0x12, 0]);
}

#[test]
fn errors_are_temporary_only_if_they_say_so() {
    let error = |error: crate::centrifuge::codes::ClientError| {
        json(&Reply { id: 1, error: Some(error.into()), ..Reply::default() })
    };
    use crate::centrifuge::codes::ClientError;
    assert_eq!(error(ClientError::TOKEN_EXPIRED), r#"{"id":1,"error":{"code":109,"message":"token expired"}}"#);
    let internal = r#"{"id":1,"error":{"code":100,"message":"internal server error","temporary":true}}"#;
    assert_eq!(error(ClientError::INTERNAL), internal);
}

#[test]
fn pings_and_pongs_are_empty_messages() {
    for encoding in ENCODINGS {
        assert_eq!(encoded(encoding, &Reply::default()), encoding.ping());
        let pong = commands(encoding, encoding.ping()).expect("pong").remove(0);
        assert!(pong.is_pong() && pong.into_request().is_none());
    }
    let ping = json_command(r#"{"id":1,"ping":{}}"#);
    assert!(!ping.is_pong() && ping.into_request().is_none());
    assert!(!json_command(r#"{"ping":{}}"#).is_pong());
}

#[test]
fn a_frame_holds_one_or_more_lines() {
    let two = commands(Encoding::Json, b"{\"id\":1}\n{\"id\":2}\n").expect("two commands");
    assert_eq!(two.iter().map(|command| command.id).collect::<Vec<_>>(), [1, 2]);
    for frame in [&b""[..], b"\n", b"{}\n\n", b"\n{}", b"{}\n\n{}", b"[]", b"[1]", b"null", b"{}{}", b"{", b"1"] {
        assert!(commands(Encoding::Json, frame).is_err(), "{}", frame.escape_ascii());
    }
}

#[test]
fn commands_before_a_malformed_one_are_read() {
    for (encoding, frame) in
        [(Encoding::Json, &b"{\"id\":1}\n{{\n{}"[..]), (Encoding::Protobuf, &[2, 0x08, 1, 9, 0, 0])]
    {
        let mut read = decode_commands(encoding, frame);
        assert!(matches!(read.next(), Some(Ok(Command { id: 1, .. }))));
        assert!(matches!(read.next(), Some(Err(_))));
        assert!(read.next().is_none());
    }
}

#[test]
fn protobuf_frames_are_length_delimited() {
    let subscribe = [7, 0x08, 2, 0x2a, 3, 0x0a, 1, b'c'];
    let frame = [&subscribe[..], &[0], &subscribe].concat();
    let read = commands(Encoding::Protobuf, &frame).expect("three commands");
    assert_eq!(read.len(), 3);
    assert!(read[1].is_pong());
    assert_eq!(read[2].subscribe.as_ref().map(|request| request.channel.as_str()), Some("c"));
    for frame in [&[][..], &[1], &[0x80], &[0xff; 11], &[2, 0x08], &[1, 0x07]] {
        assert!(commands(Encoding::Protobuf, frame).is_err(), "{frame:?}");
    }
}

#[test]
fn unknown_fields_are_ignored_and_null_is_absent() {
    let command = json_command(
        r#"{"id":5,"new":{"a":[1]},"error":null,"publish":{"channel":"c","data":null,"key":null,"removed":null},"send":null}"#,
    );
    let publish = PublishRequest { channel: "c".into(), ..PublishRequest::default() };
    assert_eq!(command, Command { id: 5, publish: Some(publish), ..Command::default() });
    let connect = json_command(r#"{"id":1,"connect":{"headers":{"a":null,"b":"c"},"subs":{"x":null}}}"#);
    assert_eq!(connect.connect.map(|connect| connect.headers), Some([("b".into(), "c".into())].into()));
}

#[test]
fn bodies_pass_through_unparsed() {
    let line = r#"{"id":1,"publish":{"channel":"c","data": {"b": 1.0,  "a": [1e2], "b": "\u00e9"} }}"#;
    let data = json_command(line).publish.expect("publish").data;
    assert_eq!(data, &br#"{"b": 1.0,  "a": [1e2], "b": "\u00e9"}"#[..]);
}

#[test]
fn raw_newlines_of_bodies_are_stripped_when_written() {
    let rpc = Some(RpcResult { data: Bytes::from_static(b"{\n  \"a\": \"x\\ny\"\n}\n") });
    assert_eq!(json(&Reply { id: 1, rpc, ..Reply::default() }), r#"{"id":1,"rpc":{"data":{  "a": "x\ny"}}}"#);
}

#[test]
fn a_body_that_is_no_json_leaves_the_frame_as_it_was() {
    for body in [&b"{"[..], b"1\n2", b"{}}", b"\"a\nb\"", b"\"\xff\"", b" "] {
        let rpc = Some(RpcResult { data: Bytes::from_static(body) });
        let mut out = BytesMut::from("{}");
        let written = append_reply(Encoding::Json, &Reply { id: 1, rpc, ..Reply::default() }, &mut out);
        assert!(matches!(written, Err(EncodeError::NotJson)), "{}", body.escape_ascii());
        assert_eq!(out, "{}");
    }
}

#[test]
fn the_first_request_in_their_order_counts() {
    let command = json_command(r#"{"id":1,"refresh":{},"send":{},"rpc":{"method":"m"},"ping":{}}"#);
    assert_eq!(command.into_request(), Some(Request::Rpc(RpcRequest { method: "m".into(), ..RpcRequest::default() })));
    let command = json_command(r#"{"id":1,"publish":{"channel":"c"},"connect":{"token":"t"}}"#);
    assert!(matches!(command.into_request(), Some(Request::Connect(connect)) if connect.token == "t"));
}

#[test]
fn deep_nesting_neither_overflows_nor_fails_in_bodies() {
    let deep = "[".repeat(50_000) + &"]".repeat(50_000);
    let body = json_command(&format!(r#"{{"id":1,"send":{{"data":{deep}}}}}"#)).send.expect("send").data;
    assert_eq!(body, deep);
    let filters = r#"{"nodes":["#.repeat(20_000);
    let line = format!(r#"{{"id":1,"subscribe":{{"tf":{filters}"#);
    assert!(commands(Encoding::Json, line.as_bytes()).is_err());
}

#[test]
fn emulated_json_frames_are_strings() {
    let request: EmulationRequest =
        serde_json::from_str(r#"{"node":"n","session":"s","data":"{\"id\":1}\n{}"}"#).expect("request");
    assert_eq!(request.json_frame().as_deref(), Some("{\"id\":1}\n{}"));
    assert_eq!(EmulationRequest { data: Bytes::from_static(b"{}"), ..request }.json_frame(), None);
}

proptest! {
    #[test]
    fn commands_survive(sent in vec(command(), 1..4)) {
        for encoding in ENCODINGS {
            let mut frame = BytesMut::new();
            for command in &sent {
                append_command(encoding, command, &mut frame).expect("JSON bodies");
            }
            prop_assert_eq!(&commands(encoding, &frame).expect("own encoding"), &sent);
        }
    }

    #[test]
    fn replies_survive(sent in vec(reply(), 1..4)) {
        for encoding in ENCODINGS {
            let mut frame = BytesMut::new();
            for reply in &sent {
                append_reply(encoding, reply, &mut frame).expect("JSON bodies");
            }
            let read: Result<Vec<_>, _> = decode_replies(encoding, &frame).collect();
            prop_assert_eq!(&read.expect("own encoding"), &sent);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(frame: Vec<u8>) {
        for encoding in ENCODINGS {
            let _ = decode_commands(encoding, &frame).count();
            let _ = decode_replies(encoding, &frame).count();
        }
    }

    #[test]
    fn damaged_frames_are_read_without_panic(sent in command(), at: proptest::sample::Index, byte: u8) {
        for encoding in ENCODINGS {
            let mut frame = BytesMut::new();
            append_command(encoding, &sent, &mut frame).expect("JSON bodies");
            let at = at.index(frame.len());
            frame[at] = byte;
            let _ = decode_commands(encoding, &frame).count();
        }
    }
}
