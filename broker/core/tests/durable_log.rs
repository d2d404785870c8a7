//! Durable channels against a store that answers late and in any order.

mod support;

use natter_core::{ChannelOptions, RecoveryMode};
use proptest::collection::vec;
use proptest::prelude::*;
use support::ops::{Op, request, store};
use support::{options, run};

fn ops(has_faults: bool) -> impl Strategy<Value = Vec<Op>> {
    vec(prop_oneof![3 => request(true), 2 => store(has_faults)], 1..90)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_told_before_it_is_stored(ops in ops(false)) {
        run(ChannelOptions { history_size: 40, ..options(true) }, &ops);
    }

    #[test]
    fn a_failing_store_loses_nothing(ops in ops(true)) {
        run(options(true), &ops);
    }

    #[test]
    fn a_cache_recovers_the_newest(ops in ops(true)) {
        run(ChannelOptions { recovery_mode: RecoveryMode::Cache, ..options(true) }, &ops);
    }
}
