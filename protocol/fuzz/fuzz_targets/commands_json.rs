//! Reads JSON frames of clients; what is read must survive being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use natter_protocol::centrifuge::filter::Filter;
use natter_protocol::centrifuge::framing::{Encoding, decode_commands, encode_command};

fuzz_target!(|frame: &[u8]| {
    for command in decode_commands(Encoding::Json, frame).map_while(Result::ok) {
        let mut out = Default::default();
        encode_command(Encoding::Json, &command, &mut out).expect("bodies were JSON when read");
        let again: Vec<_> = decode_commands(Encoding::Json, &out).collect::<Result<_, _>>().expect("own encoding");
        assert_eq!(again, [command.clone()]);
        if let Some(filter) = command.subscribe.and_then(|subscribe| subscribe.tf) {
            let _ = Filter::new(&filter).map(|filter| filter.matches(&Default::default()));
        }
    }
});
