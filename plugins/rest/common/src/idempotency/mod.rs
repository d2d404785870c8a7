//! `Idempotency-Key`: a POST that creates, sent again, gets the first answer and creates nothing.
//!
//! [`idempotent`] is a layer of a dialect's creating routes, under whatever finds out who is calling. The scope of a key
//! is the caller, the method and the path. The first request with a key writes a row "pending", works in a task of its own
//! that a lost client does not end, and leaves its answer in the row for 24 hours. Repeats wait for it, or are told
//! it; with another body they are refused. Answers of 500 and above, and those that only say "not now", are not kept.
//!
//! A process that dies at work leaves "pending" behind. Whoever finds it does the work again: at once on a single node,
//! in a cluster when the lease of the row is over. What the first one had done by then the rows cannot know, which is why
//! handlers get the [`IdempotencyKey`]: a message that carries it is stored once by the log itself.
//!
//! Bounds: [`FLIGHTS_MAX`] keys at work at a time, [`row::BODY_BYTES_MAX`] bytes of a kept answer, a day for its row.

mod claim;
mod flights;
mod key;
mod layer;
mod row;
mod sweep;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use natter_core::TenantId;
use natter_store::{Clock, Store};
use parking_lot::Mutex;

use self::flights::Flights;
pub use self::key::IdempotencyKey;
pub use self::layer::idempotent;

/// Keys at work at a time; beyond it the node is too busy.
const FLIGHTS_MAX: usize = 10_000;

/// A SHA-256.
pub(crate) type Digest = [u8; 32];

/// Who is calling, as far as idempotency keys go: put into the request's extensions before [`idempotent`] runs.
///
/// It names the user and not the token, so that a client may renew its token between two tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerScope {
    /// The tenant.
    pub tenant: TenantId,
    /// The caller within the tenant, with a word for its kind: `user:ada`, `key`.
    pub caller: String,
}

/// What is known of keys: the answers in the store, and the work of this process.
pub struct Idempotency {
    store: Arc<dyn Store>,
    clock: Clock,
    /// Whether other nodes share the store, so that a pending row may be somebody's who lives.
    is_cluster: bool,
    /// This process among those that write rows.
    owner: u64,
    flights: Arc<Flights>,
    /// Days whose index row this process has seen, by tenant.
    days: Mutex<HashSet<(TenantId, i64)>>,
}

impl Idempotency {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock, is_cluster: bool) -> Self {
        let mut owner = [0; 8];
        // Without randomness all owners are 0: a row's lease still decides in a cluster, and nothing does on one node.
        let _ = getrandom::fill(&mut owner);
        Self {
            store,
            clock,
            is_cluster,
            owner: u64::from_ne_bytes(owner),
            flights: Arc::new(Flights::new(FLIGHTS_MAX)),
            days: Mutex::default(),
        }
    }
}
