//! Nodes that share a store and tell each other what they publish, over a carrier that loses, repeats and delays.
#![allow(unreachable_pub, reason = "the modules of one test binary")]

mod checks;
mod cluster;
mod ops;

use cluster::Cluster;
use ops::{Op, ops};
use proptest::prelude::*;

fn run(ops: &[Op]) -> Cluster {
    let mut cluster = Cluster::new();
    ops.iter().for_each(|op| cluster.perform(op));
    cluster.settle();
    cluster
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, ..ProptestConfig::default() })]

    #[test]
    fn nodes_that_get_in_each_others_way_publish_everything(ops in ops(0, 0)) {
        let cluster = run(&ops);
        assert!(cluster.refused.is_empty(), "refused: {:?}", cluster.refused);
    }

    #[test]
    fn every_node_has_one_order(ops in ops(0, 1)) {
        run(&ops);
    }

    #[test]
    fn a_failing_store_and_a_failing_carrier_lose_nothing(ops in ops(1, 1)) {
        run(&ops);
    }
}
