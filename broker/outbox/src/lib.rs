//! The durable queue of work after the answer: webhooks, push, mail, link previews.
//!
//! A request is answered once what it has set off is a row of the store; an [`Outbox`] does the work afterwards, as often
//! as it takes, through the [`Deliverer`] of its [`JobKind`]. Invariants:
//! - at least once: a job that was taken is delivered, or is found among the dead with a reason; `kill -9` changes nothing;
//! - jobs with the same order key run one after the other, in the order of the calls to [`Outbox::enqueue`];
//! - a job that waits for its next attempt holds no slot, and no host, tenant or kind can take all of them;
//! - memory is bounded: lanes are counted, and payloads are read from the store when their turn comes.

pub mod guard;
pub mod mail;
pub mod preview;
pub mod push;
mod queue;
mod retry_after;
pub mod webhook;

pub use queue::{
    Deliverer, Delivery, EnqueueError, HOST_BYTES_MAX, Job, JobId, JobKind, JobView, Listing, ORDER_KEY_BYTES_MAX,
    Outbox, OutboxError, OutboxOptions, Outcome, PAYLOAD_BYTES_MAX, RetryPolicy, Selection,
};

/// One TLS provider for the process, in case nobody has chosen it yet.
fn install_crypto() {
    // Refused when one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
