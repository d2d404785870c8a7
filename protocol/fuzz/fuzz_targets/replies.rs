//! Reads frames of servers in the encoding that the first byte picks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use natter_protocol::centrifuge::framing::{Encoding, decode_replies, encode_reply};

fuzz_target!(|input: &[u8]| {
    let Some((&first, frame)) = input.split_first() else { return };
    let encoding = if first & 1 == 0 { Encoding::Json } else { Encoding::Protobuf };
    for reply in decode_replies(encoding, frame).map_while(Result::ok) {
        let mut out = Default::default();
        encode_reply(encoding, &reply, &mut out).expect("bodies were JSON when read");
        let again: Vec<_> = decode_replies(encoding, &out).collect::<Result<_, _>>().expect("own encoding");
        assert_eq!(again, [reply]);
    }
});
