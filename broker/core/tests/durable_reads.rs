//! Durable channels of whose log memory holds only the newest part.

mod support;

use natter_core::{ChannelOptions, RecoveryMode};
use proptest::collection::vec;
use proptest::prelude::*;
use support::ops::{Op, crash, reading, store};
use support::{options, run};

fn ops() -> impl Strategy<Value = Vec<Op>> {
    vec(prop_oneof![30 => reading(), 15 => store(false), 2 => store(true), 1 => crash()], 1..50)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn pages_and_recoveries_are_complete(ops in ops()) {
        run(ChannelOptions { history_size: 30, recovery_limit: 20, ..options(true) }, &ops);
    }

    #[test]
    fn a_cache_recovers_the_newest(ops in ops()) {
        run(ChannelOptions { recovery_mode: RecoveryMode::Cache, ..options(true) }, &ops);
    }
}
