//! What the node is doing, as `/readyz` and `natter_node_state` tell it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use natter_store::{Store, StoreHealth};
use parking_lot::RwLock;

/// A state of the node; the names are the metric's labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Opening the store; nothing is served yet.
    Starting,
    /// Serving.
    Ready,
    /// Serving, but the store takes no writes.
    Degraded,
    /// Ending.
    Draining,
}

impl State {
    pub(crate) const ALL: [Self; 4] = [Self::Starting, Self::Ready, Self::Degraded, Self::Draining];

    /// The metric's label.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Draining => "draining",
        }
    }
}

/// The node's state and, if it is not ready, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Readiness {
    pub(crate) state: State,
    /// Empty when the node is ready.
    pub(crate) reason: String,
}

impl Readiness {
    fn new(state: State, reason: impl Into<String>) -> Self {
        Self { state, reason: reason.into() }
    }
}

const STARTING: u8 = 0;
const SERVING: u8 = 1;
const DRAINING: u8 = 2;

/// Keeps the state; it only ever goes forward.
#[derive(Default)]
pub(crate) struct Lifecycle {
    phase: AtomicU8,
    store: RwLock<Option<Arc<dyn Store>>>,
}

impl Lifecycle {
    /// The store is open and everything is served.
    pub(crate) fn started(&self, store: Arc<dyn Store>) {
        *self.store.write() = Some(store);
        self.phase.fetch_max(SERVING, Ordering::Relaxed);
    }

    /// The node goes down.
    pub(crate) fn start_draining(&self) {
        self.phase.fetch_max(DRAINING, Ordering::Relaxed);
    }

    /// What `/readyz` answers.
    pub(crate) fn readiness(&self) -> Readiness {
        match self.phase.load(Ordering::Relaxed) {
            STARTING => Readiness::new(State::Starting, "the node is starting"),
            SERVING => match self.store.read().as_ref().map(|store| store.health()) {
                Some(StoreHealth::Failed(reason)) => Readiness::new(State::Degraded, format!("the store: {reason}")),
                _ => Readiness::new(State::Ready, ""),
            },
            _ => Readiness::new(State::Draining, "the node is draining"),
        }
    }
}
