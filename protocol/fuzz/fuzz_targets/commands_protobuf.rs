//! Reads Protobuf frames of clients; what is read must survive being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use natter_protocol::centrifuge::framing::{Encoding, decode_commands, encode_command};

fuzz_target!(|frame: &[u8]| {
    for command in decode_commands(Encoding::Protobuf, frame).map_while(Result::ok) {
        let mut out = Default::default();
        encode_command(Encoding::Protobuf, &command, &mut out).expect("Protobuf carries all");
        let again: Vec<_> = decode_commands(Encoding::Protobuf, &out).collect::<Result<_, _>>().expect("own encoding");
        assert_eq!(again, [command]);
    }
});
