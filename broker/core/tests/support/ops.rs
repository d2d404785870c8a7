//! Random operations. Everything is relative to the state it meets, so that a shrunk sequence keeps its meaning.

use proptest::prelude::*;

/// A position, relative to the newest publication.
#[derive(Clone, Debug)]
pub struct From {
    pub back: i64,
    pub epoch: EpochOf,
}

#[derive(Clone, Copy, Debug)]
pub enum EpochOf {
    Current,
    Any,
    Former,
}

/// What a store does with one of the things that it was asked.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Done,
    /// Failed, and nothing happened.
    Failed,
    /// Nobody knows; this says what did happen.
    Lost {
        is_applied: bool,
    },
}

#[derive(Clone, Debug)]
pub enum Op {
    Publish {
        channel: u8,
        key: Option<u8>,
        version: Option<(u64, bool)>,
        skip_history: bool,
        is_big: bool,
    },
    Subscribe {
        channel: u8,
        lane: u8,
        is_visible: bool,
        from: Option<From>,
    },
    Unsubscribe {
        channel: u8,
        nth: usize,
    },
    UnsubscribeLate {
        channel: u8,
    },
    UpdatePresence {
        channel: u8,
        nth: usize,
    },
    History {
        channel: u8,
        limit: usize,
        from: Option<From>,
        reverse: bool,
    },
    RemoveHistory {
        channel: u8,
    },
    Presence {
        channel: u8,
    },
    Advance {
        ms: i64,
    },
    Tick,
    Finish,
    Store {
        nth: usize,
        answer: Answer,
    },
    Crash {
        is_applied: bool,
    },
    /// Publishes large payloads, more than memory holds, and has the store take them.
    Fill {
        channel: u8,
        count: usize,
    },
    Reload {
        history_size: usize,
        history_ttl_ms: i64,
    },
}

fn from() -> impl Strategy<Value = From> {
    let epoch = prop_oneof![6 => Just(EpochOf::Current), 1 => Just(EpochOf::Any), 1 => Just(EpochOf::Former)];
    (-1_i64..14, epoch).prop_map(|(back, epoch)| From { back, epoch })
}

fn publish(is_big: bool) -> impl Strategy<Value = Op> {
    let key = prop::option::weighted(0.3, 0_u8..4);
    let version = prop::option::weighted(0.2, (1_u64..4, any::<bool>()));
    (0_u8..2, key, version, prop::bool::weighted(0.1), prop::bool::weighted(0.5)).prop_map(
        move |(channel, key, version, skip_history, big)| Op::Publish {
            channel,
            key,
            version,
            skip_history,
            is_big: is_big && big,
        },
    )
}

/// What can be asked of any channel.
pub fn request(is_big: bool) -> impl Strategy<Value = Op> {
    let subscribe = (0_u8..2, 0_u8..3, any::<bool>(), prop::option::weighted(0.6, from()));
    let history = (0_u8..2, prop_oneof![0_usize..6, Just(usize::MAX)], prop::option::of(from()), any::<bool>());
    let time =
        prop_oneof![6 => 1_i64..3_000, 2 => Just(9_999), 2 => Just(10_000), 1 => Just(61_000), 1 => Just(300_000)];
    prop_oneof![
        12 => publish(is_big),
        6 => subscribe.prop_map(|(channel, lane, is_visible, from)| Op::Subscribe { channel, lane, is_visible, from }),
        4 => (0_u8..2, 0_usize..4).prop_map(|(channel, nth)| Op::Unsubscribe { channel, nth }),
        2 => (0_u8..2).prop_map(|channel| Op::UnsubscribeLate { channel }),
        1 => (0_u8..2, 0_usize..4).prop_map(|(channel, nth)| Op::UpdatePresence { channel, nth }),
        6 => history.prop_map(|(channel, limit, from, reverse)| Op::History { channel, limit, from, reverse }),
        1 => (0_u8..2).prop_map(|channel| Op::RemoveHistory { channel }),
        1 => (0_u8..2).prop_map(|channel| Op::Presence { channel }),
        3 => time.prop_map(|ms| Op::Advance { ms }),
        3 => Just(Op::Tick),
        6 => Just(Op::Finish),
    ]
}

/// What makes a shard read its store: a log of which memory holds only the newest part, and questions about the rest.
pub fn reading() -> impl Strategy<Value = Op> {
    let from = || prop::option::of((0_i64..14).prop_map(|back| From { back, epoch: EpochOf::Current }));
    let history = (1_usize..8, from(), prop::bool::weighted(0.3));
    let time = prop_oneof![4 => 1_i64..3_000, 2 => Just(9_000), 1 => Just(10_000), 1 => Just(60_000)];
    prop_oneof![
        3 => (1_usize..9).prop_map(|count| Op::Fill { channel: 0, count }),
        2 => publish(true),
        4 => (0_u8..3, from()).prop_map(|(lane, from)| Op::Subscribe { channel: 0, lane, is_visible: true, from }),
        1 => (0_usize..4).prop_map(|nth| Op::Unsubscribe { channel: 0, nth }),
        4 => history.prop_map(|(limit, from, reverse)| Op::History { channel: 0, limit, from, reverse }),
        1 => Just(Op::RemoveHistory { channel: 0 }),
        4 => time.prop_map(|ms| Op::Advance { ms }),
        2 => Just(Op::Tick),
        2 => Just(Op::Finish),
    ]
}

/// What a store does, with faults or without.
pub fn store(has_faults: bool) -> impl Strategy<Value = Op> {
    let fault = u32::from(has_faults);
    let answer = prop_oneof![
        12 => Just(Answer::Done),
        fault => Just(Answer::Failed),
        fault => any::<bool>().prop_map(|is_applied| Answer::Lost { is_applied }),
    ];
    (0_usize..4, answer).prop_map(|(nth, answer)| Op::Store { nth, answer })
}

pub fn crash() -> impl Strategy<Value = Op> {
    any::<bool>().prop_map(|is_applied| Op::Crash { is_applied })
}
