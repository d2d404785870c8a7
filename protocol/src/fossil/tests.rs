use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const LIMIT: usize = 1 << 20;

/// Texts that share pieces, as successive versions of a document do.
fn related(piece: impl Strategy<Value = String>) -> impl Strategy<Value = (String, String)> {
    vec(piece, 1..8).prop_flat_map(|pieces| {
        let side = vec(proptest::sample::select(pieces), 0..12).prop_map(|pieces| pieces.concat());
        (side.clone(), side)
    })
}

#[test]
fn numbers_and_checksum_follow_the_format() {
    assert_eq!(create(b"", b""), b"0\n0;");
    // 0x61626364 in base-64 digits.
    assert_eq!(create(b"", b"abcd"), b"4\n4:abcd1XObD_;");
    assert_eq!(checksum(b"abcde"), 0x6162_6364_u32.wrapping_add(0x6500_0000));
    assert_eq!(DIGITS.iter().collect::<std::collections::BTreeSet<_>>().len(), 64);
}

#[test]
fn a_small_change_makes_a_small_delta() {
    let base = b"{\"score\":[0,0],\"players\":[\"a\",\"b\",\"c\",\"d\"],\"note\":\"a long text which stays as it is\"}"
        .to_vec();
    let target = String::from_utf8(base.clone()).expect("text").replace("[0,0]", "[0,1]").into_bytes();
    let delta = create(&base, &target);
    assert!(delta.len() < target.len() / 2, "{} bytes", delta.len());
    assert_eq!(apply(&base, &delta, LIMIT), Ok(target.clone()));
    assert_eq!(create_text(&base, &target).map(String::into_bytes), Some(delta));
}

#[test]
fn repetitive_texts_stay_cheap() {
    let (base, target) = (vec![b'a'; 100_000], vec![b'a'; 150_000]);
    let delta = create(&base, &target);
    assert!(delta.len() < 100);
    assert_eq!(apply(&base, &delta, LIMIT), Ok(target));
}

#[test]
fn a_delta_that_saves_nothing_is_not_offered() {
    assert_eq!(create_text(b"something else entirely", b"short"), None);
    assert_eq!(create_text(b"", b"\xff\xff"), None);
}

#[test]
fn copies_do_not_split_characters_in_text_deltas() {
    // The last bytes of the two first characters differ, their first bytes do not; likewise at the end.
    let base = format!("é{}é", "0123456789abcdef".repeat(4));
    let target = format!("è{}è", "0123456789abcdef".repeat(4));
    let delta = create_text(base.as_bytes(), target.as_bytes()).expect("shorter than the target");
    assert_eq!(apply(base.as_bytes(), delta.as_bytes(), LIMIT), Ok(target.into_bytes()));
}

#[test]
fn malformed_deltas_are_refused() {
    for (delta, error) in [
        (&b""[..], FossilError::Malformed),
        (b"4", FossilError::Malformed),
        (b"4\n", FossilError::Malformed),
        (b"4\n4:abc", FossilError::Malformed),
        (b"4\n4?", FossilError::Malformed),
        (b"4\n4@0;", FossilError::Malformed),
        (b"4\n:abcd1XObD_;", FossilError::Malformed),
        (b"~~~~~~~~~~~~\n0;", FossilError::Malformed),
        (b"~~~~~~\n0;", FossilError::TooLarge),
        (b"4\n4@7,0;", FossilError::OutOfBase),
        (b"4\n4@~~~~~~~~~~,0;", FossilError::OutOfBase),
        (b"4\n5@0,0;", FossilError::Length),
        (b"4\n3@0,0;", FossilError::Length),
        (b"4\n4:abcd0;", FossilError::Checksum),
    ] {
        assert_eq!(apply(b"0123456789", delta, LIMIT), Err(error), "{}", delta.escape_ascii());
    }
}

proptest! {
    #[test]
    fn applying_gives_the_target_back(base: Vec<u8>, target: Vec<u8>) {
        prop_assert_eq!(apply(&base, &create(&base, &target), LIMIT), Ok(target));
    }

    #[test]
    fn applying_to_related_texts((base, target) in related("[a-c]{0,40}")) {
        let (base, target) = (base.into_bytes(), target.into_bytes());
        prop_assert_eq!(apply(&base, &create(&base, &target), LIMIT), Ok(target));
    }

    #[test]
    fn text_deltas_are_text((base, target) in related("[aéè€😀😁]{0,30}")) {
        let (base, target) = (base.as_bytes(), target.as_bytes());
        let delta = create::create_unfiltered_text(base, target);
        prop_assert!(std::str::from_utf8(&delta).is_ok());
        prop_assert_eq!(apply(base, &delta, LIMIT), Ok(target.to_vec()));
        if let Some(offered) = create_text(base, target) {
            prop_assert!(offered.len() < target.len());
        }
    }

    #[test]
    fn any_delta_is_applied_without_panic(base: Vec<u8>, delta: Vec<u8>) {
        let _ = apply(&base, &delta, LIMIT);
    }

    #[test]
    fn damaged_deltas_do_not_exceed_the_limit(
        (base, target) in related("[a-c]{0,40}"),
        at: proptest::sample::Index,
        byte: u8,
    ) {
        let mut delta = create(base.as_bytes(), target.as_bytes());
        let at = at.index(delta.len());
        delta[at] = byte;
        if let Ok(made) = apply(base.as_bytes(), &delta, 512) {
            prop_assert!(made.len() <= 512);
        }
    }
}
