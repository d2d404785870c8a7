use std::collections::BTreeMap;

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;
use crate::centrifuge::framing::{decode_replies, encode_reply};
use crate::centrifuge::schema::{Push, Reply};

fn push(encoding: Encoding, channel: &str, publication: PublicationRef<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut out = BytesMut::new();
    encode_publication_push(encoding, channel, publication, &mut out).map(|()| out.to_vec())
}

fn json_push(publication: PublicationRef<'_>) -> String {
    String::from_utf8(push(Encoding::Json, "a\"b", publication).expect("JSON body")).expect("JSON is text")
}

fn through_schema(encoding: Encoding, channel: &str, publication: PublicationRef<'_>) -> Reply {
    let publication = publication.to_publication(encoding).expect("text body");
    let push = Push { channel: channel.to_owned(), r#pub: Some(publication), ..Push::default() };
    Reply { push: Some(push), ..Reply::default() }
}

#[test]
fn json_is_written_around_the_body() {
    let bare = PublicationRef { data: b"{\"a\": [1]}", ..PublicationRef::default() };
    assert_eq!(json_push(bare), r#"{"push":{"channel":"a\"b","pub":{"data":{"a": [1]}}}}"#);
    let stored = PublicationRef { offset: 1, epoch: Some("xyz"), time_ms: Some(5), ..bare };
    assert_eq!(
        json_push(stored),
        r#"{"push":{"channel":"a\"b","pub":{"data":{"a": [1]},"offset":1,"time":5,"epoch":"xyz"}}}"#
    );
}

#[test]
fn raw_newlines_are_stripped_and_escaped_ones_kept() {
    let pretty = PublicationRef { data: b"\n{\n  \"a\": \"x\\ny\"\n}\n", ..PublicationRef::default() };
    assert_eq!(json_push(pretty), r#"{"push":{"channel":"a\"b","pub":{"data":{  "a": "x\ny"}}}}"#);
}

#[test]
fn delta_subscribers_get_a_string() {
    let patch = PublicationRef { data: b"{\"a\":\n1}", delta: true, data_as_string: true, ..PublicationRef::default() };
    assert_eq!(json_push(patch), r#"{"push":{"channel":"a\"b","pub":{"data":"{\"a\":\n1}","delta":true}}}"#);
}

#[test]
fn body_that_is_no_json_is_refused_and_leaves_the_frame_as_it_was() {
    let mut out = BytesMut::from("{}");
    for (data, data_as_string) in [(&b"{} {}"[..], false), (b"{", false), (b"\"\xff\"", false), (b"\xff", true)] {
        let publication = PublicationRef { data, data_as_string, ..PublicationRef::default() };
        let refused = append_publication_push(Encoding::Json, "c", publication, &mut out);
        assert!(matches!(refused, Err(EncodeError::NotJson)));
        assert_eq!(out, "{}");
    }
}

#[test]
fn appending_puts_a_newline_between_messages_only() {
    let publication = PublicationRef { data: b"1", ..PublicationRef::default() };
    let mut out = BytesMut::new();
    for _ in 0..2 {
        append_publication_push(Encoding::Json, "c", publication, &mut out).expect("JSON body");
    }
    let one = r#"{"push":{"channel":"c","pub":{"data":1}}}"#;
    assert_eq!(out, format!("{one}\n{one}"));
}

#[test]
fn validity_is_that_of_one_value() {
    for valid in [&b"null"[..], b" [1, {\"a\": \"\\u00e9\"}]\n", b"\"\xc3\xa9\"", b"0"] {
        assert!(is_valid_json(valid));
    }
    for invalid in [&b""[..], b"1 2", b"{\"a\"}", b"\"\xff\"", b"nul"] {
        assert!(!is_valid_json(invalid));
    }
}

fn any_info() -> impl Strategy<Value = ClientInfo> {
    (any::<String>(), any::<String>(), any::<u64>()).prop_map(|(user, client, number)| ClientInfo {
        user,
        client,
        conn_info: Bytes::from(number.to_string()),
        chan_info: Bytes::new(),
    })
}

proptest! {
    #[test]
    fn push_equals_the_generic_encoding(
        channel: String,
        value: (String, i64),
        info in proptest::option::of(any_info()),
        offset: u64,
        epoch: Option<String>,
        time_ms: Option<i64>,
        tags: Option<BTreeMap<String, String>>,
        delta: bool,
        data_as_string: bool,
        keyed: (String, bool, i64),
    ) {
        let data = serde_json::to_vec(&value).expect("plain value");
        let publication = PublicationRef {
            data: &data,
            offset,
            epoch: epoch.as_deref(),
            time_ms,
            tags: tags.as_ref(),
            info: info.as_ref(),
            delta,
            key: &keyed.0,
            removed: keyed.1,
            score: keyed.2,
            data_as_string,
            known_json: false,
        };
        for encoding in [Encoding::Json, Encoding::Protobuf] {
            let expected = through_schema(encoding, &channel, publication);
            let fast = push(encoding, &channel, publication).expect("JSON body");
            let mut generic = BytesMut::new();
            encode_reply(encoding, &expected, &mut generic).expect("JSON body");
            prop_assert_eq!(&fast[..], &generic[..]);
            let decoded: Vec<_> = decode_replies(encoding, &fast).collect::<Result<_, _>>().expect("own encoding");
            prop_assert_eq!(decoded, vec![expected]);
        }
    }

    #[test]
    fn any_body_is_carried_in_protobuf(data: Vec<u8>) {
        let publication = PublicationRef { data: &data, ..PublicationRef::default() };
        let fast = push(Encoding::Protobuf, "c", publication).expect("Protobuf carries all");
        let mut generic = BytesMut::new();
        encode_reply(Encoding::Protobuf, &through_schema(Encoding::Protobuf, "c", publication), &mut generic)
            .expect("Protobuf carries all");
        prop_assert_eq!(&fast[..], &generic[..]);
    }
}
