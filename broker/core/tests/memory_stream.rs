//! Channels in memory: numbering, delivery, history and recovery against the model.

mod support;

use natter_core::{ChannelOptions, RecoveryMode};
use proptest::collection::vec;
use proptest::prelude::*;
use support::ops::request;
use support::{options, run};

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_keeps_its_promises(ops in vec(request(false), 1..80)) {
        run(options(false), &ops);
    }

    #[test]
    fn a_cache_recovers_the_newest(ops in vec(request(false), 1..60)) {
        run(ChannelOptions { recovery_mode: RecoveryMode::Cache, ..options(false) }, &ops);
    }

    #[test]
    fn a_channel_without_history_only_delivers(ops in vec(request(false), 1..60)) {
        run(ChannelOptions { history_size: 0, ..options(false) }, &ops);
    }
}
