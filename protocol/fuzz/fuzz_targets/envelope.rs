//! Reads stored records, with their checksum and without.
#![no_main]

use libfuzzer_sys::fuzz_target;
use natter_protocol::envelope::{decode, decode_unchecksummed, encode};

fuzz_target!(|bytes: &[u8]| {
    let _ = decode(bytes);
    if let Ok(record) = decode_unchecksummed(bytes) {
        let encoded = encode(&record).expect("small record");
        assert_eq!(decode(&encoded).expect("own encoding"), record);
    }
});
