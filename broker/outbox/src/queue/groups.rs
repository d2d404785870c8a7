//! Turns within a tenant: its hosts one after the other. One that fails is paused, and then probed by one attempt at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use natter_core::TenantId;

use super::job::JobKind;
use super::record::LaneId;

/// Failures in a row after which a group is paused and then probed by one attempt at a time.
const FAILURES_MAX: u32 = 3;
/// First and longest pause of a group.
const PAUSE_MS: i64 = 1_000;
const PAUSE_MAX_MS: i64 = 30_000;

/// How much may run at once, and how much may be in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) running: usize,
    pub(super) per_tenant: usize,
    pub(super) per_host: usize,
    pub(super) lanes: usize,
}

/// Whom a lane talks to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    pub(super) tenant: TenantId,
    pub(super) kind: JobKind,
    pub(super) host: Arc<str>,
}

/// The lanes of a tenant that talk to one host.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) queue: VecDeque<LaneId>,
    pub(super) lanes: usize,
    pub(super) running: usize,
    failures: u32,
    pub(super) paused_until: i64,
}

impl Group {
    fn is_open(&self, running_max: usize, now_ms: i64) -> bool {
        if self.failures >= FAILURES_MAX {
            return self.running == 0 && now_ms >= self.paused_until;
        }
        self.running < running_max
    }

    /// What an attempt says of the host.
    pub(super) fn attempted(&mut self, has_worked: bool, now_ms: i64) {
        self.failures = if has_worked { 0 } else { self.failures.saturating_add(1) };
        if let Some(over) = self.failures.checked_sub(FAILURES_MAX) {
            self.paused_until = now_ms + (PAUSE_MS << over.min(5)).min(PAUSE_MAX_MS);
        }
    }

    /// Ends a pause.
    pub(super) fn go_on(&mut self) {
        (self.failures, self.paused_until) = (0, 0);
    }
}

/// What a tenant has to do.
#[derive(Debug, Default)]
pub(super) struct TenantLoad {
    pub(super) running: usize,
    pub(super) groups: HashMap<GroupKey, Group>,
    /// Groups with queued lanes, the next one first.
    pub(super) rotation: VecDeque<GroupKey>,
}

impl TenantLoad {
    /// The next lane to run.
    pub(super) fn pick(&mut self, bounds: Bounds, now_ms: i64) -> Option<LaneId> {
        if self.running >= bounds.per_tenant {
            return None;
        }
        for _ in 0..self.rotation.len() {
            let key = self.rotation.pop_front()?;
            let Some(group) = self.groups.get_mut(&key) else { continue };
            let picked = if group.is_open(bounds.per_host, now_ms) { group.queue.pop_front() } else { None };
            if !group.queue.is_empty() {
                self.rotation.push_back(key);
            }
            if picked.is_some() {
                return picked;
            }
        }
        None
    }
}
