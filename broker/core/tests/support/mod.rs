//! What the property tests share: random operations, a model of a channel, a store with faults, and the driver that
//! holds a shard against them.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "shared by test binaries that each use a part of it")]

pub mod checks;
pub mod driver;
pub mod fake_store;
pub mod model;
pub mod ops;

use driver::Driver;
use natter_core::{ChannelOptions, RecoveryMode};
use ops::Op;

/// Options with a history that is small enough to be outrun.
pub fn options(durable: bool) -> ChannelOptions {
    ChannelOptions {
        history_size: 12,
        history_ttl_ms: 10_000,
        history_meta_ttl_ms: 60_000,
        durable,
        presence: true,
        join_leave: true,
        recovery_mode: RecoveryMode::Stream,
        recovery_limit: 6,
        ..ChannelOptions::default()
    }
}

/// Runs operations against a shard and its model; panics where they differ.
pub fn run(options: ChannelOptions, ops: &[Op]) {
    let mut driver = Driver::new(options);
    for op in ops {
        driver.perform(op);
    }
    driver.settle();
}
