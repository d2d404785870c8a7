//! Arguments, tokens, and events on their way to rooms.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::Publication;
use parking_lot::Mutex;
use proptest::prelude::*;

use super::{Args, Attempt, Handshake, RoomEvent, RoomFilter};
use crate::session::PublicationFilter;

#[test]
fn arguments_are_read_as_javascript_passes_them() {
    let args = Args::from_text("\"room\",[1, 2],{\"a\":null}", Vec::new());
    assert_eq!(args.read::<(String, Vec<u8>)>().unwrap(), ("room".to_owned(), vec![1, 2]));
    assert_eq!(Args::none().read::<(Option<String>,)>().unwrap(), (None,));
    assert!(Args::none().read::<(String,)>().is_err());
    assert!(args.read::<(u8,)>().is_err());
    args.read::<()>().unwrap();
}

#[test]
fn arguments_are_written_as_a_list_of_values() {
    assert_eq!(Args::of(&("a", 1, [true])).text(), "\"a\",1,[true]");
    assert_eq!(Args::one("a").text(), "\"a\"");
    assert_eq!(Args::none().text(), "");
}

fn attempt(auth: &'static str, query: &str, authorization: Option<&str>) -> Attempt {
    let handshake =
        Handshake { query: query.to_owned(), authorization: authorization.map(str::to_owned), ..Handshake::default() };
    Attempt { namespace: "/".into(), auth: Bytes::from_static(auth.as_bytes()), handshake: Arc::new(handshake) }
}

#[test]
fn a_token_is_found_in_three_places() {
    let token = |auth, query, authorization| attempt(auth, query, authorization).token();
    assert_eq!(token("{\"token\":\"a\"}", "token=b", Some("Bearer c")).as_deref(), Some("a"));
    assert_eq!(token("{}", "EIO=4&token=b%20b", Some("Bearer c")).as_deref(), Some("b b"));
    assert_eq!(token("{}", "EIO=4", Some("bearer c")).as_deref(), Some("c"));
    assert_eq!(token("{}", "EIO=4", Some("Basic c")), None);
    assert_eq!(token("{\"token\":1}", "", None), None);
}

fn publication(except: Vec<&str>) -> Publication {
    let event = RoomEvent { except, namespace: "/", name: "a", ..RoomEvent::default() };
    Publication { data: event.pack(), ..Publication::default() }
}

#[test]
fn a_filter_keeps_events_from_those_who_are_left_out() {
    let filter = RoomFilter { socket: "me".into(), rooms: Arc::new(Mutex::new(vec!["here".into()])) };
    assert!(filter.passes(&publication(vec![])));
    assert!(filter.passes(&publication(vec!["you", "there"])));
    assert!(!filter.passes(&publication(vec!["you", "me"])));
    assert!(!filter.passes(&publication(vec!["here"])));
    assert!(!filter.passes(&Publication::default()), "what is no event is nobody's");
}

proptest! {
    #[test]
    fn events_survive_packing(
        is_volatile: bool,
        except in proptest::collection::vec(".{0,8}", 0..4),
        texts: [String; 4],
        attachments in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..4),
    ) {
        let event = RoomEvent {
            is_volatile,
            except: except.iter().map(String::as_str).collect(),
            namespace: &texts[0],
            offset: &texts[1],
            name: &texts[2],
            arguments: &texts[3],
            attachments: attachments.iter().map(Vec::as_slice).collect(),
        };
        let packed = event.pack();
        prop_assert_eq!(RoomEvent::unpack(&packed), Some(event));
        prop_assert_eq!(RoomEvent::is_volatile(&packed), is_volatile);
    }

    #[test]
    fn anything_is_unpacked_without_panic(bytes: Vec<u8>) {
        let _ = RoomEvent::unpack(&bytes);
    }
}
