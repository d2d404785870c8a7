//! Drives a shard, its store and a model of each channel, and compares them after every step.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use natter_core::{
    ChannelKey, ChannelOptions, ClientInfo, Draft, Effect, HistoryQuery, Input, LaneId, PresenceEdge, Request, Shard,
    ShardLimits, Since, Subscriber, TenantId,
};

use super::fake_store::{FakeStore, Task};
use super::model::{Member, Model};
use super::ops::{Answer, EpochOf, From, Op};

const BIG: usize = 200 * 1024;

/// A request that waits for its answer.
#[derive(Debug)]
pub enum Asked {
    Publish { channel: usize, draft: Draft, expected: Option<natter_core::Published> },
    Subscribe { channel: usize, subscriber: Subscriber, since: Option<Since> },
    History { channel: usize, query: HistoryQuery },
    RemoveHistory { channel: usize },
    Presence { channel: usize },
}

pub struct Driver {
    pub shard: Shard<u64>,
    pub store: FakeStore,
    pub models: Vec<Model>,
    pub channels: Vec<ChannelKey>,
    pub options: Arc<ChannelOptions>,
    pub now: i64,
    pub waiting: HashMap<u64, Asked>,
    /// Every draft by its payload's number.
    pub drafts: HashMap<u64, Draft>,
    /// Durable publications that were acknowledged: channel, offset, payload's number.
    pub acknowledged: Vec<(usize, u64, u64)>,
    /// Payloads of which it was promised that they are not stored.
    pub refused: Vec<(usize, u64)>,
    pub edges_due: Vec<(PresenceEdge, String)>,
    /// The place among its channel's members of who is leaving.
    pub leaving: Option<(usize, usize)>,
    next_id: u64,
    shards: u64,
}

pub fn number_of(data: &[u8]) -> u64 {
    u64::from_le_bytes(data[..8].try_into().expect("a payload begins with its number"))
}

fn shard(seed: u64) -> Shard<u64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    };
    Shard::new(0, 1, ShardLimits::new(100), Box::new(random))
}

impl Driver {
    pub fn new(options: ChannelOptions) -> Self {
        let channel = |name: &str| ChannelKey::new(TenantId::new("tenant"), name);
        Self {
            shard: shard(1),
            store: FakeStore::default(),
            models: vec![Model::new(options.clone()), Model::new(options.clone())],
            channels: vec![channel("a"), channel("b")],
            options: Arc::new(options),
            now: 1_000_000,
            waiting: HashMap::new(),
            drafts: HashMap::new(),
            acknowledged: Vec::new(),
            refused: Vec::new(),
            edges_due: Vec::new(),
            leaving: None,
            next_id: 0,
            shards: 1,
        }
    }

    pub fn perform(&mut self, op: &Op) {
        match op {
            Op::Publish { channel, key, version, skip_history, is_big } => {
                let draft = self.draft(*key, *version, *skip_history, *is_big);
                self.publish(usize::from(*channel), draft);
            }
            Op::Subscribe { channel, lane, is_visible, from } => {
                self.subscribe(usize::from(*channel), *lane, *is_visible, from.as_ref());
            }
            Op::Unsubscribe { channel, nth } => self.unsubscribe(usize::from(*channel), *nth),
            Op::UnsubscribeLate { channel } => self.unsubscribe_late(usize::from(*channel)),
            Op::UpdatePresence { channel, nth } => self.update_presence(usize::from(*channel), *nth),
            Op::History { channel, limit, from, reverse } => {
                let channel = usize::from(*channel);
                let since = from.as_ref().map(|from| self.since(channel, from));
                let query = HistoryQuery { limit: *limit, since, reverse: *reverse };
                let asked = Asked::History { channel, query: query.clone() };
                self.ask(channel, asked, |reply| Request::History { query, reply });
            }
            Op::RemoveHistory { channel } => {
                let channel = usize::from(*channel);
                self.ask(channel, Asked::RemoveHistory { channel }, |reply| Request::RemoveHistory { reply });
            }
            Op::Presence { channel } => {
                let channel = usize::from(*channel);
                let exists = self.models[channel].exists;
                self.ask(channel, Asked::Presence { channel }, |reply| Request::Presence { reply });
                self.models[channel].exists = exists;
            }
            Op::Advance { ms } => {
                // A batch has one time.
                self.finish();
                self.now += ms;
            }
            Op::Fill { channel, count } => self.fill(usize::from(*channel), *count),
            Op::Tick => self.tick(),
            Op::Finish => self.finish(),
            Op::Store { nth, answer } => self.answer_store(*nth, *answer),
            Op::Crash { is_applied } => self.crash(*is_applied),
            Op::Reload { history_size, history_ttl_ms } => {
                let (history_size, history_ttl_ms) = (*history_size, *history_ttl_ms);
                self.options = Arc::new(ChannelOptions { history_size, history_ttl_ms, ..(*self.options).clone() });
            }
        }
    }

    /// Has the store answer everything, and checks that nothing is owed to anybody.
    pub fn settle(&mut self) {
        for _ in 0..10_000 {
            self.finish();
            if self.store.tasks.is_empty() {
                break;
            }
            self.answer_store(0, Answer::Done);
        }
        assert!(self.store.tasks.is_empty(), "the shard never has enough of the store");
        assert!(self.waiting.is_empty(), "never answered: {:?}", self.waiting);
        self.check_promises();
    }

    fn draft(&mut self, key: Option<u8>, version: Option<(u64, bool)>, skip_history: bool, is_big: bool) -> Draft {
        self.next_id += 1;
        let mut data = self.next_id.to_le_bytes().to_vec();
        data.resize(if is_big { BIG } else { 8 }, 0);
        let draft = Draft {
            data: Bytes::from(data),
            idempotency_key: key.map(|key| Arc::from(format!("key-{key}"))),
            version: version.map(|(version, is_named)| (version, Arc::from(if is_named { "one" } else { "" }))),
            skip_history,
            ..Draft::default()
        };
        self.drafts.insert(self.next_id, draft.clone());
        draft
    }

    fn publish(&mut self, channel: usize, draft: Draft) {
        let is_durable = self.options.durable;
        self.reload(channel);
        let expected = (!is_durable).then(|| self.expected_publish(channel, &draft));
        let asked = Asked::Publish { channel, draft: draft.clone(), expected };
        self.ask(channel, asked, |reply| Request::Publish { draft, reply: Some(reply) });
    }

    fn fill(&mut self, channel: usize, count: usize) {
        for _ in 0..count {
            let draft = self.draft(None, None, false, true);
            self.publish(channel, draft);
        }
        self.finish();
        let is_write = |task: &Task| !matches!(task, Task::Read { .. });
        while let Some(nth) = self.store.tasks.iter().position(is_write) {
            self.answer_store(nth, Answer::Done);
            self.finish();
        }
    }

    fn since(&self, channel: usize, from: &From) -> Since {
        let model = &self.models[channel];
        let offset = model.top().saturating_add_signed(-from.back);
        let epoch = match from.epoch {
            EpochOf::Current => model.epoch.as_ref().map_or_else(String::new, ToString::to_string),
            EpochOf::Any => String::new(),
            EpochOf::Former => model.former_epochs.last().map_or_else(|| "former".to_owned(), ToString::to_string),
        };
        Since { offset, epoch }
    }

    fn subscribe(&mut self, channel: usize, lane: u8, is_visible: bool, from: Option<&From>) {
        self.next_id += 1;
        let client = format!("client-{}", self.next_id);
        let user = format!("user-{}", self.next_id % 3);
        let info = ClientInfo { client: client.clone(), user, ..ClientInfo::default() };
        let info = is_visible.then(|| Arc::new(info));
        let subscriber = Subscriber { lane: LaneId(lane), client: client.into(), info };
        let since = from.map(|from| self.since(channel, from));
        let asked = Asked::Subscribe { channel, subscriber: subscriber.clone(), since: since.clone() };
        self.ask(channel, asked, |reply| Request::Subscribe { subscriber, recover: since, reply });
    }

    fn unsubscribe(&mut self, channel: usize, nth: usize) {
        let members = &self.models[channel].members;
        let Some(index) = nth.checked_rem(members.len()) else { return };
        let Member { subscriber, handle, .. } = members[index].clone();
        if let Some(info) = &subscriber.info {
            self.edges_due.push((PresenceEdge::Left, info.client.clone()));
        }
        self.models[channel].present.remove(&subscriber.client);
        self.leaving = Some((channel, index));
        // Whoever gives a subscription back does not know the options.
        self.apply(Input::Request {
            channel: self.channels[channel].clone(),
            options: Arc::default(),
            request: Request::Unsubscribe { subscriber, handle },
        });
        self.leaving = None;
        self.edges_due.retain(|(edge, _)| *edge == PresenceEdge::Joined);
        self.models[channel].members.remove(index);
    }

    /// Someone leaves before it has heard that its subscription had ended by itself.
    fn unsubscribe_late(&mut self, channel: usize) {
        let Some(Member { subscriber, handle, .. }) = self.models[channel].invalidated.pop() else { return };
        self.apply(Input::Request {
            channel: self.channels[channel].clone(),
            options: Arc::default(),
            request: Request::Unsubscribe { subscriber, handle },
        });
    }

    fn update_presence(&mut self, channel: usize, nth: usize) {
        let members = &self.models[channel].members;
        let (lane, client) = members.get(nth).map_or((LaneId(0), "stranger".into()), |member| {
            (member.subscriber.lane, Arc::clone(&member.subscriber.client))
        });
        self.next_id += 1;
        let user = format!("user-{}", self.next_id % 3);
        let info = Arc::new(ClientInfo { client: client.to_string(), user, ..ClientInfo::default() });
        if let Some(present) = self.models[channel].present.get_mut(&client) {
            *present = Arc::clone(&info);
        }
        self.apply(Input::Request {
            channel: self.channels[channel].clone(),
            options: Arc::default(),
            request: Request::UpdatePresence { subscriber: Subscriber { lane, client, info: Some(info) } },
        });
    }

    /// A request brings its namespace's options with it.
    fn reload(&mut self, channel: usize) {
        let model = &mut self.models[channel];
        model.options = (*self.options).clone();
        model.exists = true;
        model.last_used = self.now;
    }

    fn ask(&mut self, channel: usize, asked: Asked, request: impl FnOnce(u64) -> Request<u64>) {
        if self.models[channel].exists || !matches!(asked, Asked::Presence { .. }) {
            self.reload(channel);
        }
        self.next_id += 1;
        let id = self.next_id;
        self.waiting.insert(id, asked);
        self.apply(Input::Request {
            channel: self.channels[channel].clone(),
            options: Arc::clone(&self.options),
            request: request(id),
        });
    }

    fn tick(&mut self) {
        if !self.options.durable {
            self.models.iter_mut().for_each(|model| model.tick(self.now));
        }
        self.apply(Input::Tick);
    }

    fn finish(&mut self) {
        let mut effects = Vec::new();
        self.shard.finish(self.now, &mut effects);
        self.observe_all(effects);
        self.check_quiet();
    }

    fn apply(&mut self, input: Input<u64>) {
        let mut effects = Vec::new();
        self.shard.apply(input, self.now, &mut effects);
        self.observe_all(effects);
    }

    fn observe_all(&mut self, effects: Vec<Effect<u64>>) {
        for effect in effects {
            if let Some(effect) = self.store.accept(effect) {
                self.observe(effect);
            }
        }
        assert!(
            self.edges_due.iter().all(|(edge, _)| *edge == PresenceEdge::Left && self.leaving.is_some()),
            "not announced: {:?}",
            self.edges_due
        );
    }

    fn answer_store(&mut self, nth: usize, answer: Answer) {
        let Some(index) = nth.checked_rem(self.store.tasks.len()) else { return };
        let task = self.store.tasks.remove(index);
        let channel = match &task {
            Task::Open { channel, .. }
            | Task::Append { channel, .. }
            | Task::Read { channel, .. }
            | Task::Remove { channel, .. } => channel.clone(),
        };
        let answer = match (&task, answer) {
            (Task::Append { .. }, answer) => answer,
            (_, Answer::Lost { .. }) => Answer::Failed,
            (_, answer) => answer,
        };
        let records = match &task {
            Task::Append { records, .. } => records.clone(),
            _ => Vec::new(),
        };
        let is_open = matches!(task, Task::Open { .. });
        let input = self.store.answer(task, answer);
        let channel = self.channels.iter().position(|own| *own == channel).expect("one of ours");
        match &input {
            Input::Committed { outcome: natter_core::CommitOutcome::Appended, .. } => {
                for record in records {
                    let draft = self.drafts[&number_of(&record.publication.data)].clone();
                    assert!(!self.models[channel].has_version(&draft), "an old version was published");
                    self.models[channel].release((*record.publication).clone(), &draft, self.now);
                }
            }
            Input::LogOpened { log: Some(_), .. } => {
                self.models[channel].reopen(&self.store.logs[self.channels[channel].name()]);
            }
            _ => {}
        }
        let is_lost = matches!(input, Input::Committed { outcome: natter_core::CommitOutcome::Lost, .. });
        self.apply(input);
        let is_over = is_lost || (is_open && matches!(answer, Answer::Failed));
        assert!(!is_over || self.models[channel].members.is_empty(), "subscribers are not told of the loss");
    }

    fn crash(&mut self, is_applied: bool) {
        self.shards += 1;
        self.shard = shard(self.shards);
        self.store.crash(is_applied);
        self.waiting.clear();
        for model in &mut self.models {
            model.members.clear();
            model.invalidated.clear();
            model.present.clear();
            model.due.clear();
        }
        self.check_promises();
    }
}
