//! Two shards, the store that they share, and what is on its way between them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use natter_core::{
    Carried, ChannelHandle, ChannelKey, ChannelOptions, CommitOutcome, Draft, Effect, Epoch, Input, LaneId, LogHead,
    LogRecord, Position, Publication, Request, Shard, ShardLimits, Since, Subscriber, TenantId,
};

use super::ops::{Answer, Fate, Op};

/// Something that a node waits for the store to do.
#[derive(Debug)]
pub enum Task {
    Open { handle: ChannelHandle, candidate: Epoch, newest_max: usize },
    Append { handle: ChannelHandle, expected: u64, records: Vec<LogRecord> },
    Read { ticket: u64, first: u64, last: u64 },
}

/// A subscriber that has been answered: everything up to its position has reached it.
#[derive(Debug)]
pub struct Member {
    pub handle: ChannelHandle,
    pub lane: LaneId,
    pub position: u64,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub enum Asked {
    Publish { draft: Draft },
    Subscribe { lane: LaneId, since: Option<Since> },
}

pub struct Node {
    pub shard: Shard<u64>,
    pub tasks: Vec<Task>,
    /// What the store has answered and the node has not heard yet.
    pub answers: Vec<Input<u64>>,
    /// What the other node, or its own echo, says to it.
    pub arriving: Vec<Carried>,
    pub is_followed: bool,
    pub members: Vec<Member>,
    /// Whether the carrier owes it something that it has not said is lost.
    pub has_missed: bool,
    /// How far the domain above has been told of the log.
    pub observed: Option<u64>,
}

pub struct Cluster {
    pub nodes: Vec<Node>,
    pub epoch: Option<Epoch>,
    pub log: Vec<LogRecord>,
    pub waiting: HashMap<u64, Asked>,
    /// Where those were who have been told to come again.
    pub told: Vec<u64>,
    /// Payloads of which it was promised that they are not stored.
    pub refused: Vec<u64>,
    options: Arc<ChannelOptions>,
    now: i64,
    next_id: u64,
}

pub fn number_of(data: &[u8]) -> u64 {
    u64::from_le_bytes(data[..8].try_into().expect("a payload is its number"))
}

fn channel() -> ChannelKey {
    ChannelKey::new(TenantId::new("tenant"), "shared")
}

fn node(index: usize) -> Node {
    let mut state = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    };
    Node {
        shard: Shard::new(0, 1, ShardLimits::new(10), Box::new(random)).joined(),
        tasks: Vec::new(),
        answers: Vec::new(),
        arriving: Vec::new(),
        is_followed: false,
        members: Vec::new(),
        has_missed: false,
        observed: None,
    }
}

impl Cluster {
    pub fn new() -> Self {
        let options = ChannelOptions {
            history_size: 100_000,
            history_ttl_ms: i64::MAX,
            durable: true,
            observed: true,
            recovery_limit: 100_000,
            ..ChannelOptions::default()
        };
        Self {
            nodes: (0..2).map(node).collect(),
            epoch: None,
            log: Vec::new(),
            waiting: HashMap::new(),
            told: Vec::new(),
            refused: Vec::new(),
            options: Arc::new(options),
            now: 1_000_000,
            next_id: 0,
        }
    }

    pub fn perform(&mut self, op: &Op) {
        match *op {
            Op::Publish { node, key, version, skip_history } => self.publish(node, key, version, skip_history),
            Op::Burst { node, count } => (0..count).for_each(|_| self.publish(node, None, None, false)),
            Op::Subscribe { node, lane, returns } => {
                let since = if returns { self.told.pop() } else { None };
                self.subscribe(node, lane, since);
            }
            Op::Unsubscribe { node, nth } => self.unsubscribe(node, nth),
            Op::Finish { node } => self.finish(node),
            Op::Store { node, nth, answer } => self.store(node, nth, answer),
            Op::Answered { node, nth } => self.answered(node, nth),
            Op::Carry { node, nth, fate } => self.carry(node, nth, fate),
            Op::Missed { node } => self.say_missed(node),
            Op::Tick { node, ms } => {
                (0..self.nodes.len()).for_each(|node| self.finish(node));
                self.now += ms;
                self.apply(node, Input::Tick);
                self.finish(node);
                // Of a channel that is not in memory the domain is not told.
                self.nodes[node].observed = None;
            }
        }
    }

    /// Everything arrives that is on its way, and the carrier says where it has lost something. Whoever was told to come
    /// again does.
    pub fn settle(&mut self) {
        self.run_dry();
        for node in 0..self.nodes.len() {
            if self.nodes[node].has_missed {
                self.say_missed(node);
            }
        }
        self.run_dry();
        self.check_in_line();
        for (index, since) in std::mem::take(&mut self.told).into_iter().enumerate() {
            self.subscribe(index % self.nodes.len(), 0, Some(since));
        }
        self.run_dry();
        self.check_in_line();
        self.check_promises();
    }

    fn say_missed(&mut self, node: usize) {
        self.nodes[node].has_missed = false;
        self.apply(node, Input::Missed { channel: channel() });
    }

    /// Lets everything happen that is under way.
    fn run_dry(&mut self) {
        for _ in 0..100_000 {
            (0..self.nodes.len()).for_each(|node| self.finish(node));
            let is_busy = |node: &Node| !(node.tasks.is_empty() && node.answers.is_empty() && node.arriving.is_empty());
            let Some(busy) = self.nodes.iter().position(is_busy) else { return };
            self.store(busy, 0, Answer::Done);
            self.answered(busy, 0);
            self.carry(busy, 0, Fate::Arrives);
        }
        panic!("the nodes never come to rest");
    }

    fn publish(&mut self, node: usize, key: Option<u8>, version: Option<u64>, skip_history: bool) {
        self.next_id += 1;
        let draft = Draft {
            data: Bytes::copy_from_slice(&self.next_id.to_le_bytes()),
            idempotency_key: key.map(|key| Arc::from(format!("key-{key}"))),
            version: version.map(|version| (version, Arc::from(""))),
            skip_history,
            ..Draft::default()
        };
        self.ask(node, Asked::Publish { draft: draft.clone() }, |reply| Request::Publish { draft, reply: Some(reply) });
    }

    fn subscribe(&mut self, node: usize, lane: u8, since: Option<u64>) {
        let lane = LaneId(lane);
        let subscriber = Subscriber { lane, client: "client".into(), info: None };
        let since = since.map(|offset| Since { offset, epoch: String::new() });
        let asked = Asked::Subscribe { lane, since: since.clone() };
        self.ask(node, asked, |reply| Request::Subscribe { subscriber, recover: since, reply });
    }

    fn unsubscribe(&mut self, node: usize, nth: usize) {
        let Some(index) = nth.checked_rem(self.nodes[node].members.len()) else { return };
        // What is handed out because of it is still the member's.
        let Member { handle, lane, .. } = self.nodes[node].members[index];
        let subscriber = Subscriber { lane, client: "client".into(), info: None };
        let request = Request::Unsubscribe { subscriber, handle };
        self.apply(node, Input::Request { channel: channel(), options: Arc::default(), request });
        self.nodes[node].members.remove(index);
    }

    fn ask(&mut self, node: usize, asked: Asked, request: impl FnOnce(u64) -> Request<u64>) {
        self.next_id += 1;
        self.waiting.insert(self.next_id, asked);
        let (options, request) = (Arc::clone(&self.options), request(self.next_id));
        self.apply(node, Input::Request { channel: channel(), options, request });
    }

    fn apply(&mut self, node: usize, input: Input<u64>) {
        let mut effects = Vec::new();
        self.nodes[node].shard.apply(input, self.now, &mut effects);
        effects.into_iter().for_each(|effect| self.observe(node, effect));
    }

    fn finish(&mut self, node: usize) {
        let mut effects = Vec::new();
        self.nodes[node].shard.finish(self.now, &mut effects);
        effects.into_iter().for_each(|effect| self.observe(node, effect));
    }

    /// Takes in what is for the store or for the other node.
    fn observe(&mut self, node: usize, effect: Effect<u64>) {
        match effect {
            Effect::OpenLog { handle, candidate, newest_max, .. } => {
                assert!(self.nodes[node].is_followed, "what is committed after this read would be missed");
                self.nodes[node].tasks.push(Task::Open { handle, candidate, newest_max });
            }
            Effect::Append { handle, expected_last_offset: expected, records, .. } => {
                let is_write = |task: &Task| matches!(task, Task::Append { .. });
                assert!(!self.nodes[node].tasks.iter().any(is_write), "two appends of one node are under way");
                self.nodes[node].tasks.push(Task::Append { handle, expected, records });
            }
            Effect::Read { ticket, first, last, .. } => self.nodes[node].tasks.push(Task::Read { ticket, first, last }),
            Effect::Carry { carried, .. } => {
                let carried = *carried;
                self.check_carried(&carried);
                // A carrier that echoes: nodes hear of their own publications too.
                let followers = self.nodes.iter_mut().filter(|node| node.is_followed);
                followers.for_each(|node| node.arriving.push(carried.clone()));
            }
            Effect::Follow { is_followed, .. } => {
                let node = &mut self.nodes[node];
                node.is_followed = is_followed;
                assert!(is_followed || node.members.is_empty(), "subscribers of a channel that is not followed");
            }
            Effect::Trim { .. } => unreachable!("history keeps everything"),
            effect => self.check(node, effect),
        }
    }

    fn carry(&mut self, node: usize, nth: usize, fate: Fate) {
        let Some(index) = nth.checked_rem(self.nodes[node].arriving.len()) else { return };
        let carried = self.nodes[node].arriving.remove(index);
        match fate {
            Fate::Lost => return self.nodes[node].has_missed = true,
            Fate::ArrivesAndComesAgain => self.nodes[node].arriving.push(carried.clone()),
            Fate::Arrives => {}
        }
        self.apply(node, Input::Carried { channel: channel(), carried });
    }

    fn answered(&mut self, node: usize, nth: usize) {
        let Some(index) = nth.checked_rem(self.nodes[node].answers.len()) else { return };
        let answer = self.nodes[node].answers.remove(index);
        self.apply(node, answer);
    }

    fn store(&mut self, node: usize, nth: usize, answer: Answer) {
        let Some(index) = nth.checked_rem(self.nodes[node].tasks.len()) else { return };
        let is_done = matches!(answer, Answer::Done);
        let channel = channel();
        let answer = match self.nodes[node].tasks.remove(index) {
            Task::Open { handle, candidate, newest_max } => {
                let log = is_done.then(|| (self.head(candidate), self.newest(newest_max)));
                Input::LogOpened { channel, handle, log }
            }
            Task::Read { ticket, first, last } => {
                let publications = is_done.then(|| self.range(first, last));
                Input::ReadDone { ticket, publications }
            }
            Task::Append { handle, expected, records } => {
                let outcome = self.append(expected, records, answer);
                if matches!(outcome, CommitOutcome::Lost) {
                    // Whoever does the effects tells the domain.
                    self.nodes[node].observed = None;
                }
                Input::Committed { channel, handle, outcome }
            }
        };
        self.nodes[node].answers.push(answer);
    }

    fn head(&mut self, candidate: Epoch) -> LogHead {
        let epoch = self.epoch.get_or_insert(candidate).clone();
        let last = self.log.len() as u64;
        let version = self.log.iter().rev().find_map(|record| record.version.clone());
        LogHead { epoch, last_offset: last, last_seq: last, first_offset: 1, version }
    }

    fn newest(&self, newest_max: usize) -> Vec<Arc<Publication>> {
        let last = self.log.len() as u64;
        self.range((last + 1).saturating_sub(newest_max as u64), last)
    }

    fn range(&self, first: u64, last: u64) -> Vec<Arc<Publication>> {
        let publications = self.log.iter().map(|record| &record.publication);
        publications.filter(|publication| (first..=last).contains(&publication.offset)).cloned().collect()
    }

    fn append(&mut self, expected: u64, records: Vec<LogRecord>, answer: Answer) -> CommitOutcome {
        match answer {
            Answer::Failed => return CommitOutcome::Rejected,
            Answer::Lost { is_applied: false } => return CommitOutcome::Lost,
            Answer::Lost { is_applied: true } | Answer::Done => {}
        }
        let outcome = match self.duplicate(&records) {
            _ if expected != self.log.len() as u64 => CommitOutcome::Conflict,
            Some((index, offset)) => {
                let epoch = self.epoch.clone().expect("an open log");
                CommitOutcome::Duplicate { index, position: Position { offset, epoch } }
            }
            None => {
                records.into_iter().for_each(|record| self.check_appended(record));
                CommitOutcome::Appended
            }
        };
        if matches!(answer, Answer::Done) {
            return outcome;
        }
        // The node does not know what it has published, so it tells nobody.
        self.nodes.iter_mut().for_each(|node| node.has_missed = true);
        CommitOutcome::Lost
    }

    /// Where a key that one of `records` repeats is stored.
    fn duplicate(&self, records: &[LogRecord]) -> Option<(usize, u64)> {
        records.iter().enumerate().find_map(|(index, record)| {
            let key = record.idempotency_key.as_ref()?;
            let first = self.log.iter().find(|stored| stored.idempotency_key.as_ref() == Some(key))?;
            Some((index, first.publication.offset))
        })
    }
}
