//! Configuration that is read anew while channels live.

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use support::ops::{Op, request, store};
use support::{options, run};

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1_usize), Just(3), Just(12), Just(30)]
}

fn reload_all() -> impl Strategy<Value = Op> {
    let times = prop_oneof![Just(100_i64), Just(2_000), Just(10_000), Just(i64::MAX)];
    (sizes(), times).prop_map(|(history_size, history_ttl_ms)| Op::Reload { history_size, history_ttl_ms })
}

fn reload_size() -> impl Strategy<Value = Op> {
    sizes().prop_map(|history_size| Op::Reload { history_size, history_ttl_ms: 10_000 })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_in_memory_follows_its_options(ops in vec(prop_oneof![12 => request(false), 1 => reload_all()], 1..80)) {
        run(options(false), &ops);
    }

    #[test]
    fn a_durable_log_follows_its_options(
        ops in vec(prop_oneof![12 => request(true), 8 => store(true), 1 => reload_size()], 1..90),
    ) {
        run(options(true), &ops);
    }
}
