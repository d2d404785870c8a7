//! Applies any bytes as a delta, and makes deltas between any two texts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use natter_protocol::fossil::{apply, create, create_text};

const TARGET_BYTES_MAX: usize = 1 << 20;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (base, other) = input;
    let _ = apply(base, other, TARGET_BYTES_MAX);
    assert_eq!(apply(base, &create(base, other), TARGET_BYTES_MAX).as_deref(), Ok(other));
    if let Some(delta) = create_text(base, other) {
        assert_eq!(apply(base, delta.as_bytes(), TARGET_BYTES_MAX).as_deref(), Ok(other));
    }
});
