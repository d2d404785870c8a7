//! Durable channels whose node dies and comes back with nothing but its store.

mod support;

use natter_core::ChannelOptions;
use proptest::collection::vec;
use proptest::prelude::*;
use support::ops::{Op, crash, request, store};
use support::{options, run};

fn ops() -> impl Strategy<Value = Vec<Op>> {
    vec(prop_oneof![30 => request(true), 20 => store(true), 2 => crash()], 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_survives(ops in ops()) {
        run(ChannelOptions { history_size: 30, recovery_limit: 20, ..options(true) }, &ops);
    }
}
