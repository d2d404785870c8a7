use natter_protocol::fossil;

use super::update::Base;
use super::*;

const JSON_DELTA: Form = Form { encoding: Encoding::Json, has_delta: true };
const PROTOBUF: Form = Form { encoding: Encoding::Protobuf, has_delta: false };
const PROTOBUF_DELTA: Form = Form { encoding: Encoding::Protobuf, has_delta: true };

const OLD: &str = r#"{"text":"a value that is long enough for a difference to be shorter","n":1}"#;
const NEW: &str = r#"{"text":"a value that is long enough for a difference to be shorter","n":2}"#;

fn update() -> Update {
    let base = Base { version: 6, data: Bytes::from(OLD) };
    Update::value(&Arc::from("poll:1"), &Arc::from("k"), 7, Bytes::from(NEW)).since(Some(base))
}

#[test]
fn a_value_has_its_key_and_version_in_both_encodings() {
    for form in [JSON, PROTOBUF] {
        let publication = shown(&update(), form, Some(6));
        let expected =
            Publication { key: "k".to_owned(), version: 7, data: Bytes::from(NEW), ..Publication::default() };
        assert_eq!(publication, expected);
    }
}

#[test]
fn a_json_push_looks_as_clients_expect_it() {
    let update = Update::value(&Arc::from("poll:1"), &Arc::from("k"), 1, Bytes::from_static(b"{\n}"));
    let message = update.message(JSON, None).unwrap();
    let expected = r#"{"push":{"channel":"poll:1","pub":{"data":{},"key":"k","version":1}}}"#;
    assert_eq!(text(&message), expected);
    let removal = Update::removal(&Arc::from("poll:1"), &Arc::from("k"));
    let message = removal.message(JSON_DELTA, Some(1)).unwrap();
    assert_eq!(text(&message), r#"{"push":{"channel":"poll:1","pub":{"key":"k","removed":true}}}"#);
}

#[test]
fn whoever_has_the_value_before_gets_the_difference() {
    for form in [JSON_DELTA, PROTOBUF_DELTA] {
        let publication = shown(&update(), form, Some(6));
        assert!(publication.delta);
        let patch = match form.encoding {
            Encoding::Json => serde_json::from_slice::<String>(&publication.data).unwrap().into_bytes(),
            Encoding::Protobuf => publication.data.to_vec(),
        };
        assert_eq!(text(&fossil::apply(OLD.as_bytes(), &patch, 1_000).unwrap()), NEW);
    }
}

#[test]
fn everybody_else_gets_all_of_it() {
    for known in [None, Some(5), Some(7)] {
        let publication = shown(&update(), JSON_DELTA, known);
        assert!(!publication.delta);
        assert_eq!(serde_json::from_slice::<String>(&publication.data).unwrap(), NEW);
        assert_eq!(shown(&update(), PROTOBUF_DELTA, known).data, NEW);
    }
}

#[test]
fn an_encoding_is_made_once() {
    let update = update();
    for form in [JSON, JSON_DELTA, PROTOBUF, PROTOBUF_DELTA] {
        for known in [None, Some(6)] {
            let message = || update.message(form, known).unwrap().as_ptr();
            assert_eq!(message(), message());
        }
    }
}

#[test]
fn what_is_no_json_goes_in_protobuf_only() {
    let update = Update::value(&Arc::from("poll:1"), &Arc::from("k"), 1, Bytes::from_static(b"\xff"));
    assert!(update.message(JSON, None).is_err());
    assert!(update.message(JSON_DELTA, None).is_err());
    assert_eq!(&shown(&update, PROTOBUF, None).data[..], b"\xff");
}

#[test]
fn of_each_key_the_latest_waits() {
    let outbox = Outbox::new(None);
    let value = |key: &str, version| Arc::new(Update::value(&"c".into(), &key.into(), version, Bytes::from("1")));
    assert!(outbox.put(&value("a", 2)));
    assert!(!outbox.put(&value("a", 3)));
    assert!(!outbox.put(&value("a", 1)));
    assert!(!outbox.put(&value("b", 1)));
    assert_eq!(waiting(&outbox).into_values().map(|(version, ..)| version).collect::<Vec<_>>(), [3, 1]);
    assert!(outbox.put(&value("a", 4)));
    outbox.put(&Arc::new(Update::removal(&"c".into(), &"a".into())));
    outbox.put(&value("a", 9));
    assert!(waiting(&outbox)["a"].2);
    outbox.put(&value("a", 1));
    outbox.forget(["a"].into_iter());
    assert!(!outbox.has_waiting());
}
