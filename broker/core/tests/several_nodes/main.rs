//! Nodes that share a store and tell each other what they publish, over a carrier that loses, repeats and delays.
#![allow(unreachable_pub, reason = "the modules of one test binary")]

mod checks;
mod cluster;
mod ops;

use cluster::Cluster;
use ops::{Op, ops};
use proptest::prelude::*;

fn run(ops: &[Op]) {
    let mut cluster = Cluster::new();
    ops.iter().for_each(|op| cluster.perform(op));
    cluster.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, ..ProptestConfig::default() })]

    #[test]
    fn every_node_has_one_order(ops in ops(false)) {
        run(&ops);
    }

    #[test]
    fn a_failing_store_and_a_failing_carrier_lose_nothing(ops in ops(true)) {
        run(&ops);
    }
}
