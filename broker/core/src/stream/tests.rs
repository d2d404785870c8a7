use std::sync::Arc;

use bytes::Bytes;

use super::{DURABLE_RING_BYTES_MAX, DURABLE_RING_MAX, HistoryQuery, Lookup, Range, Since, Stream, is_old_version};
use crate::input::Draft;
use crate::{ChannelOptions, Epoch, MESSAGE, Publication};

const TTL_MS: i64 = 1_000;

fn options(history_size: usize, durable: bool) -> ChannelOptions {
    ChannelOptions { history_size, history_ttl_ms: TTL_MS, durable, ..ChannelOptions::default() }
}

fn publication(offset: u64, size: usize) -> Arc<Publication> {
    let data = Bytes::from(vec![0; size]);
    Arc::new(Publication {
        offset,
        seq: offset,
        kind: MESSAGE,
        time_ms: offset as i64,
        data,
        info: None,
        tags: None,
        delta: false,
        keyed: None,
    })
}

/// A stream that was given `1..=top`.
fn stream(top: u64, options: &ChannelOptions) -> Stream {
    let mut stream = Stream::new(Epoch::new("now"));
    for offset in 1..=top {
        stream.push(publication(offset, 8), options);
    }
    stream
}

fn since(offset: u64, epoch: &str) -> Since {
    Since { offset, epoch: epoch.into() }
}

fn offsets(stream: &Stream, first: u64, last: u64) -> Option<Vec<u64>> {
    match stream.lookup(Range { first, last }) {
        Lookup::Found(found) => Some(found.iter().map(|publication| publication.offset).collect()),
        Lookup::InStore => None,
    }
}

fn page(stream: &Stream, limit: usize, from: Option<u64>, reverse: bool) -> (u64, u64) {
    let range = stream.page(&HistoryQuery { limit, since: from.map(|offset| since(offset, "now")), reverse });
    (range.first, range.last)
}

#[test]
fn missed_is_what_lies_above_the_reader() {
    let stream = stream(10, &options(5, false));
    assert_eq!(stream.missed(&since(7, "now"), 3), Some(Range { first: 8, last: 10 }));
    assert_eq!(stream.missed(&since(7, ""), 3), Some(Range { first: 8, last: 10 }), "an empty epoch matches");
    assert_eq!(stream.missed(&since(10, "now"), 0), Some(Range { first: 11, last: 10 }));
    assert_eq!(stream.missed(&since(5, "now"), 9), Some(Range { first: 6, last: 10 }), "all that is kept");
}

#[test]
fn what_cannot_be_had_is_not_missed() {
    let stream = stream(10, &options(5, false));
    for (reader, limit) in [(since(7, "then"), 9), (since(11, "now"), 9), (since(u64::MAX, "now"), 9)] {
        assert_eq!(stream.missed(&reader, limit), None, "{reader:?}");
    }
    assert_eq!(stream.missed(&since(4, "now"), 9), None, "5 is gone");
    assert_eq!(stream.missed(&since(7, "now"), 2), None, "one too many");
}

#[test]
fn nothing_is_missed_at_the_top_of_a_cleared_stream() {
    let mut stream = stream(10, &options(5, false));
    stream.clear();
    assert_eq!(stream.missed(&since(10, "now"), 9), Some(Range { first: 11, last: 10 }));
    assert_eq!(stream.missed(&since(9, "now"), 9), None);
    assert_eq!((stream.top, stream.first), (10, 11));
}

#[test]
fn pages_walk_forward_from_the_oldest() {
    let stream = stream(10, &options(5, false));
    assert_eq!(page(&stream, 2, None, false), (6, 7));
    assert_eq!(page(&stream, 2, Some(7), false), (8, 9));
    assert_eq!(page(&stream, 2, Some(1), false), (6, 7), "what is gone is skipped");
    assert_eq!(page(&stream, usize::MAX, None, false), (6, 10));
    let (first, last) = page(&stream, 0, None, false);
    assert!(first > last, "no limit is the position alone");
    let (first, last) = page(&stream, usize::MAX, Some(u64::MAX), false);
    assert!(first > last);
}

#[test]
fn pages_walk_backward_from_the_newest() {
    let stream = stream(10, &options(5, false));
    assert_eq!(page(&stream, 2, None, true), (9, 10));
    assert_eq!(page(&stream, 2, Some(9), true), (7, 8));
    assert_eq!(page(&stream, 9, Some(9), true), (6, 8));
    assert_eq!(page(&stream, 2, Some(u64::MAX), true), (9, 10));
    for (limit, from) in [(0, None), (2, Some(1)), (2, Some(6))] {
        let (first, last) = page(&stream, limit, from, true);
        assert!(first > last, "{limit} {from:?}");
    }
}

#[test]
fn lookups_find_what_memory_holds() {
    let stream = stream(10, &options(5, false));
    assert_eq!(offsets(&stream, 6, 10), Some(vec![6, 7, 8, 9, 10]));
    assert_eq!(offsets(&stream, 8, 8), Some(vec![8]));
    assert_eq!(offsets(&stream, 9, 99), Some(vec![9, 10]));
    assert_eq!(offsets(&stream, 11, 99), Some(vec![]));
    assert_eq!(offsets(&stream, 11, 10), Some(vec![]));
    assert_eq!(offsets(&stream, 5, 10), None);
}

#[test]
fn an_empty_memory_leaves_it_to_the_store() {
    let stream = Stream::at(Epoch::new("now"), 10, 10, 1);
    assert_eq!(offsets(&stream, 1, 10), None);
    assert_eq!(offsets(&stream, 11, 10), Some(vec![]));
}

#[test]
fn a_durable_stream_holds_only_the_newest() {
    let options = options(100_000, true);
    let many = stream(1_000, &options);
    assert_eq!(many.held(), DURABLE_RING_MAX);
    assert_eq!((many.first, many.oldest_held()), (1, 1_001 - DURABLE_RING_MAX as u64));
    let mut large = Stream::new(Epoch::new("now"));
    for offset in 1..=3 {
        large.push(publication(offset, DURABLE_RING_BYTES_MAX), &options);
        assert_eq!(large.held(), 1, "the newest is always held");
    }
}

#[test]
fn what_is_too_old_is_forgotten() {
    let options = options(10, false);
    let mut stream = stream(5, &options);
    stream.expire(TTL_MS + 3, &options);
    assert_eq!((stream.first, stream.held()), (4, 2));
    stream.expire(TTL_MS + 5, &options);
    assert_eq!((stream.first, stream.top, stream.held()), (6, 5, 0));
}

#[test]
fn an_endless_ttl_forgets_nothing() {
    let options = ChannelOptions { history_ttl_ms: i64::MAX, ..options(10, false) };
    let mut stream = stream(5, &options);
    stream.expire(i64::MAX - 1, &options);
    assert_eq!(stream.held(), 5);
}

#[test]
fn versions_are_old_within_their_epoch() {
    let draft = |version, epoch: &str| Draft { version: Some((version, epoch.into())), ..Draft::default() };
    let known = Some((5, Arc::from("one")));
    assert!(is_old_version(known.as_ref(), &draft(5, "one")));
    assert!(is_old_version(known.as_ref(), &draft(4, "")));
    assert!(!is_old_version(known.as_ref(), &draft(6, "one")));
    assert!(!is_old_version(known.as_ref(), &draft(1, "two")), "another epoch counts anew");
    assert!(!is_old_version(None, &draft(1, "one")));
    assert!(!is_old_version(known.as_ref(), &Draft::default()));
}
