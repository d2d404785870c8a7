//! Random operations on one channel that two nodes have.

use proptest::collection::vec;
use proptest::prelude::*;

/// What the carrier does with a message.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Arrives,
    ArrivesAndComesAgain,
    Lost,
}

/// What the store does with one of the things that it was asked.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Done,
    Failed,
    Lost { is_applied: bool },
}

#[derive(Clone, Debug)]
pub enum Op {
    Publish {
        node: usize,
        key: Option<u8>,
        version: Option<u64>,
        skip_history: bool,
    },
    /// More than is loaded when a log is read anew.
    Burst {
        node: usize,
        count: usize,
    },
    Subscribe {
        node: usize,
        lane: u8,
        returns: bool,
    },
    Unsubscribe {
        node: usize,
        nth: usize,
    },
    Finish {
        node: usize,
    },
    /// The store does something; the node hears of it later.
    Store {
        node: usize,
        nth: usize,
        answer: Answer,
    },
    Answered {
        node: usize,
        nth: usize,
    },
    Carry {
        node: usize,
        nth: usize,
        fate: Fate,
    },
    Missed {
        node: usize,
    },
    Tick {
        node: usize,
        ms: i64,
    },
}

fn op(fault: u32, burst: u32) -> impl Strategy<Value = Op> {
    let publish = (0_usize..2, prop::option::weighted(0.2, 0_u8..3), prop::option::weighted(0.2, 1_u64..6));
    let answer = prop_oneof![
        14 => Just(Answer::Done),
        fault => Just(Answer::Failed),
        fault => any::<bool>().prop_map(|is_applied| Answer::Lost { is_applied }),
    ];
    let fate = prop_oneof![
        12 => Just(Fate::Arrives),
        2 => Just(Fate::ArrivesAndComesAgain),
        2 * fault + 1 => Just(Fate::Lost),
    ];
    let near = prop_oneof![5 => Just(0_usize), 1 => 0_usize..4];
    prop_oneof![
        10 => (publish, prop::bool::weighted(0.1)).prop_map(|((node, key, version), skip_history)| {
            Op::Publish { node, key, version, skip_history }
        }),
        burst => (0_usize..2, 1_usize..300).prop_map(|(node, count)| Op::Burst { node, count }),
        5 => (0_usize..2, 0_u8..3, any::<bool>()).prop_map(|(node, lane, returns)| Op::Subscribe { node, lane, returns }),
        1 => (0_usize..2, 0_usize..4).prop_map(|(node, nth)| Op::Unsubscribe { node, nth }),
        14 => (0_usize..2).prop_map(|node| Op::Finish { node }),
        14 => (0_usize..2, near.clone(), answer).prop_map(|(node, nth, answer)| Op::Store { node, nth, answer }),
        14 => (0_usize..2, near.clone()).prop_map(|(node, nth)| Op::Answered { node, nth }),
        14 => (0_usize..2, near, fate).prop_map(|(node, nth, fate)| Op::Carry { node, nth, fate }),
        1 => (0_usize..2).prop_map(|node| Op::Missed { node }),
        1 => (0_usize..2, prop_oneof![1_i64..3_000, Just(61_000)]).prop_map(|(node, ms)| Op::Tick { node, ms }),
    ]
}

/// `fault` and `burst` say how likely a store that fails is, and more publications at once than are loaded at once.
pub fn ops(fault: u32, burst: u32) -> impl Strategy<Value = Vec<Op>> {
    vec(op(fault, burst), 1..160)
}
