//! Whose turn it is: a state machine without I/O and without a clock.
//!
//! A lane is a place in line: jobs of one order key, or a single job. Lanes of a tenant and host form a group. Tenants
//! take turns, and within a tenant its groups do, so that nobody's backlog delays another's first job. Invariants:
//! - a lane has at most one turn at a time;
//! - a lane that waits for its time, and a group that is paused, take no slot;
//! - a lane that is not in memory and not being written to is found by a survey: `incomplete` says that there may be some.

use std::collections::{BTreeSet, HashMap, VecDeque};

use natter_core::TenantId;

use super::groups::{Bounds, Group, GroupKey, TenantLoad};
use super::job::{JobId, JobKind};
use super::options::OutboxOptions;
use super::record::{LaneId, PARTITIONS};

/// A group's share of the lanes in memory.
const GROUP_SHARE: usize = 8;

/// What is known of a lane's first job.
#[derive(Clone, Debug)]
pub(super) struct LaneHead {
    pub(super) group: GroupKey,
    /// Not before this time.
    pub(super) due_ms: i64,
    pub(super) since_ms: i64,
}

/// How a lane's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnEnd {
    /// No job was left that may run.
    Empty,
    /// There are more jobs.
    More,
    /// The first job is due then.
    Wait(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Queued,
    Running { again: bool },
    Waiting(i64),
}

#[derive(Debug)]
struct Lane {
    head: LaneHead,
    state: State,
    /// Its first job is tried at its next turn, whenever it is due.
    is_hurried: bool,
}

/// All lanes in memory.
#[derive(Debug)]
pub(super) struct Schedule {
    bounds: Bounds,
    start: u32,
    sequence: u64,
    lanes: HashMap<LaneId, Lane>,
    tenants: HashMap<TenantId, TenantLoad>,
    /// Tenants with queued lanes, the next one first.
    rotation: VecDeque<TenantId>,
    waiting: BTreeSet<(i64, LaneId)>,
    running: usize,
    /// Jobs whose rows are being written.
    writing: HashMap<LaneId, BTreeSet<JobId>>,
    open: [bool; PARTITIONS],
    incomplete: bool,
}

impl Schedule {
    pub(super) fn new(start: u32, options: &OutboxOptions) -> Self {
        let bounds = Bounds {
            running: options.attempts_max.max(1),
            per_tenant: options.attempts_per_tenant_max.max(1),
            per_host: options.attempts_per_host_max.max(1),
            lanes: options.lanes_max.max(GROUP_SHARE),
        };
        Self {
            bounds,
            start,
            sequence: 0,
            lanes: HashMap::new(),
            tenants: HashMap::new(),
            rotation: VecDeque::new(),
            waiting: BTreeSet::new(),
            running: 0,
            writing: HashMap::new(),
            open: [false; PARTITIONS],
            incomplete: false,
        }
    }

    /// Names a job; it counts as being written until [`Schedule::written`].
    pub(super) fn begin_write(&mut self, random: u64, lane: impl FnOnce(JobId) -> LaneId) -> (JobId, LaneId) {
        self.sequence += 1;
        let id = JobId::new(self.start, self.sequence, random);
        let lane = lane(id);
        self.writing.entry(lane).or_default().insert(id);
        (id, lane)
    }

    /// The write of a job has ended, well or not.
    pub(super) fn written(&mut self, lane: LaneId, id: JobId, head: LaneHead) {
        if let Some(pending) = self.writing.get_mut(&lane) {
            pending.remove(&id);
            if pending.is_empty() {
                self.writing.remove(&lane);
            }
        }
        self.admit(lane, head);
    }

    /// The first job of a lane that may not run yet: everything below it is in the store, or was never written.
    pub(super) fn barrier(&self, lane: LaneId) -> JobId {
        let pending = self.writing.get(&lane).and_then(|pending| pending.first().copied());
        pending.unwrap_or(JobId::new(self.start, self.sequence + 1, 0))
    }

    /// Jobs of a partition from before the start are known: its lanes may run.
    pub(super) fn open(&mut self, partition: usize) {
        self.open[partition] = true;
    }

    /// Whether the store may hold lanes that are not in memory.
    pub(super) fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// A survey begins: whatever is left out from now on has to be looked for again.
    pub(super) fn begin_survey(&mut self) {
        self.incomplete = false;
    }

    /// A survey has found more lanes than it could keep.
    pub(super) fn left_out(&mut self) {
        self.incomplete = true;
    }

    /// There is a job in this lane.
    pub(super) fn admit(&mut self, id: LaneId, head: LaneHead) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            if let State::Running { again } = &mut lane.state {
                *again = true;
            }
            return;
        }
        if !self.open[id.partition()] || !self.has_room(&head) {
            self.incomplete = true;
            return;
        }
        self.group(&head.group).lanes += 1;
        let due_ms = head.due_ms;
        self.lanes.insert(id, Lane { head, state: State::Queued, is_hurried: false });
        if due_ms > 0 { self.wait(id, due_ms) } else { self.enqueue(id) }
    }

    fn has_room(&mut self, head: &LaneHead) -> bool {
        let held = self.tenants.get(&head.group.tenant).and_then(|load| load.groups.get(&head.group));
        if held.is_some_and(|group| group.lanes >= (self.bounds.lanes / GROUP_SHARE).max(1)) {
            return false;
        }
        self.lanes.len() < self.bounds.lanes || self.evict_later_than(head.due_ms)
    }

    /// Leaves the lane with the longest wait to the next survey.
    fn evict_later_than(&mut self, due_ms: i64) -> bool {
        match self.waiting.last().copied() {
            Some((until, id)) if until > due_ms => {
                self.waiting.remove(&(until, id));
                self.forget(id);
                self.incomplete = true;
                true
            }
            _ => false,
        }
    }

    /// The next lane to run, which is running from now on.
    pub(super) fn take(&mut self, now_ms: i64) -> Option<LaneId> {
        self.wake(now_ms);
        if self.running >= self.bounds.running {
            return None;
        }
        let id = self.pick(now_ms)?;
        let key = self.lanes.get(&id)?.head.group.clone();
        self.set_state(id, State::Running { again: false });
        self.running += 1;
        self.load(&key.tenant).running += 1;
        self.group(&key).running += 1;
        Some(id)
    }

    /// Lanes whose time has come get in line.
    fn wake(&mut self, now_ms: i64) {
        while let Some((until, id)) = self.waiting.first().copied().filter(|(until, _)| *until <= now_ms) {
            self.waiting.remove(&(until, id));
            self.enqueue(id);
        }
    }

    fn pick(&mut self, now_ms: i64) -> Option<LaneId> {
        for _ in 0..self.rotation.len() {
            let tenant = self.rotation.pop_front()?;
            let Some(load) = self.tenants.get_mut(&tenant) else { continue };
            let picked = load.pick(self.bounds, now_ms);
            if !load.rotation.is_empty() {
                self.rotation.push_back(tenant);
            }
            if picked.is_some() {
                return picked;
            }
        }
        None
    }

    /// When something may change without anybody telling: a wait or a pause ends.
    pub(super) fn next_wake(&self, now_ms: i64) -> Option<i64> {
        let paused = self.rotation.iter().filter_map(|tenant| self.tenants.get(tenant)).flat_map(|load| {
            load.rotation.iter().filter_map(|key| load.groups.get(key)).map(|group| group.paused_until)
        });
        let waiting = self.waiting.first().map(|(until, _)| *until);
        paused.filter(|until| *until > now_ms).chain(waiting).min()
    }

    /// A lane's turn is over.
    pub(super) fn finish(&mut self, id: LaneId, end: TurnEnd) {
        let Some(lane) = self.lanes.get(&id) else { return };
        let State::Running { again } = lane.state else { return };
        let key = lane.head.group.clone();
        self.running -= 1;
        self.load(&key.tenant).running -= 1;
        self.group(&key).running -= 1;
        match end {
            TurnEnd::Wait(until) => self.wait(id, until),
            TurnEnd::Empty if !again => self.forget(id),
            TurnEnd::Empty | TurnEnd::More => self.enqueue(id),
        }
    }

    /// Lanes that wait for another attempt get in line now, and groups that are paused go on. Answers how many lanes
    /// there are.
    pub(super) fn hurry(&mut self, is_meant_group: impl Fn(&GroupKey) -> bool) -> usize {
        let is_meant = |lane: &Lane| is_meant_group(&lane.head.group);
        let meant = self.waiting.iter().filter(|(_, id)| self.lanes.get(id).is_some_and(is_meant));
        let meant: Vec<(i64, LaneId)> = meant.copied().collect();
        for (until, id) in &meant {
            self.waiting.remove(&(*until, *id));
            if let Some(lane) = self.lanes.get_mut(id) {
                lane.is_hurried = true;
            }
            self.enqueue(*id);
        }
        let groups = self.tenants.values_mut().flat_map(|load| &mut load.groups);
        for (_, group) in groups.filter(|(key, _)| is_meant_group(key)) {
            group.go_on();
        }
        meant.len()
    }

    /// Whether a lane's first job is to be tried though it is not due; only once.
    pub(super) fn take_hurry(&mut self, id: LaneId) -> bool {
        self.lanes.get_mut(&id).is_some_and(|lane| std::mem::take(&mut lane.is_hurried))
    }

    /// What an attempt says of its host.
    pub(super) fn attempted(&mut self, id: LaneId, has_worked: bool, now_ms: i64) {
        let Some(key) = self.lanes.get(&id).map(|lane| lane.head.group.clone()) else { return };
        self.group(&key).attempted(has_worked, now_ms);
    }

    /// From when the age of the lane's first job is counted.
    pub(super) fn set_head_time(&mut self, id: LaneId, since_ms: i64) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.head.since_ms = since_ms;
        }
    }

    /// From when the ages of the lanes' first jobs are counted, by kind.
    pub(super) fn head_times(&self) -> impl Iterator<Item = (JobKind, i64)> {
        self.lanes.values().map(|lane| (lane.head.group.kind, lane.head.since_ms))
    }

    /// Attempts under way.
    #[cfg(test)]
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// Lanes in memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lanes.len()
    }

    fn enqueue(&mut self, id: LaneId) {
        self.set_state(id, State::Queued);
        let Some(key) = self.lanes.get(&id).map(|lane| lane.head.group.clone()) else { return };
        let load = self.load(&key.tenant);
        let is_new = load.rotation.is_empty();
        let group = load.groups.entry(key.clone()).or_default();
        group.queue.push_back(id);
        if group.queue.len() == 1 {
            load.rotation.push_back(key.clone());
        }
        if is_new {
            self.rotation.push_back(key.tenant);
        }
    }

    fn wait(&mut self, id: LaneId, until: i64) {
        self.set_state(id, State::Waiting(until));
        self.waiting.insert((until, id));
    }

    fn set_state(&mut self, id: LaneId, state: State) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.state = state;
        }
    }

    fn forget(&mut self, id: LaneId) {
        let Some(lane) = self.lanes.remove(&id) else { return };
        let key = lane.head.group;
        let Some(load) = self.tenants.get_mut(&key.tenant) else { return };
        if let Some(group) = load.groups.get_mut(&key) {
            group.lanes -= 1;
            if group.lanes == 0 {
                load.groups.remove(&key);
            }
        }
        if load.groups.is_empty() {
            self.tenants.remove(&key.tenant);
        }
    }

    fn load(&mut self, tenant: &TenantId) -> &mut TenantLoad {
        self.tenants.entry(tenant.clone()).or_default()
    }

    fn group(&mut self, key: &GroupKey) -> &mut Group {
        self.load(&key.tenant).groups.entry(key.clone()).or_default()
    }
}
