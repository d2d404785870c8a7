use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn any_info() -> impl Strategy<Value = RecordClientInfo> {
    (any::<String>(), any::<String>(), any::<Vec<u8>>(), any::<Vec<u8>>())
        .prop_map(|(user, client, conn_info, chan_info)| RecordClientInfo { user, client, conn_info, chan_info })
}

fn any_record() -> impl Strategy<Value = Record> {
    let head = (any::<u64>(), any::<i64>(), any::<u8>(), any::<bool>());
    let body = (vec(any::<u8>(), 0..300), proptest::option::of(any_info()));
    let rest = (vec(any::<(String, String)>(), 0..4), any::<Option<String>>());
    (head, body, rest).prop_map(|((seq, time_ms, kind, delta), (data, info), (tags, idempotency_key))| Record {
        seq,
        time_ms,
        kind,
        data,
        info,
        tags,
        delta,
        idempotency_key,
    })
}

fn sample() -> Record {
    let info = RecordClientInfo { user: "u".into(), client: "c".into(), conn_info: b"{}".into(), chan_info: vec![] };
    Record {
        seq: 7,
        time_ms: 1_700_000_000_000,
        kind: 2,
        data: b"{\"text\":\"hello, everybody\"}".into(),
        info: Some(info),
        tags: vec![("topic".into(), "a tag longer than inline strings".into())],
        delta: true,
        idempotency_key: Some("key".into()),
    }
}

#[test]
fn every_flipped_bit_is_detected() {
    let mut bytes = encode(&sample()).expect("small record");
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&bytes).is_err(), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(decode(&bytes).expect("whole again"), sample());
}

#[test]
fn every_cut_is_detected() {
    let bytes = encode(&sample()).expect("small record");
    for len in 0..bytes.len() {
        assert!(decode(&bytes[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn a_newer_version_is_named() {
    let mut bytes = encode(&sample()).expect("small record");
    bytes[0] = VERSION + 1;
    assert!(matches!(decode(&bytes), Err(EnvelopeError::UnknownVersion(2))));
    assert!(matches!(decode(b"\x01"), Err(EnvelopeError::Truncated(1))));
}

#[test]
fn version_1_stays_readable() {
    let record = Record { seq: 1, time_ms: 2, kind: 3, data: b"{}".into(), ..Record::default() };
    assert_eq!(decode(RECORDED_VERSION_1).expect("recorded bytes"), record);
    assert_eq!(encode(&record).expect("small record"), RECORDED_VERSION_1);
}

/// A record as version 1 was first written; it must stay readable for ever.
const RECORDED_VERSION_1: &[u8] = &[
    1, 103, 206, 164, 199, 123, 125, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 228,
    255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 188, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

proptest! {
    #[test]
    fn records_survive(record in any_record(), shift in 0..16_usize) {
        let mut shifted = vec![0; shift];
        shifted.extend(encode(&record).expect("small record"));
        prop_assert_eq!(decode(&shifted[shift..]).expect("own encoding"), record);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        prop_assert!(decode(&bytes).is_err());
        let _ = decode_unchecksummed(&bytes);
    }

    #[test]
    fn damaged_archives_are_read_without_panic(record in any_record(), at: proptest::sample::Index, byte: u8) {
        let mut archive = encode(&record).expect("small record").split_off(HEADER_BYTES);
        let at = at.index(archive.len());
        archive[at] = byte;
        let _ = decode_unchecksummed(&archive);
    }
}
