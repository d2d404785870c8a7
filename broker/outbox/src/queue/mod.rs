//! The queue itself; it knows nothing of what its jobs mean.
//!
//! `outbox` is what callers see, `record` and `rows` how jobs are kept, `schedule` and `groups` decide without I/O whose turn
//! it is, `dispatch` runs it, `turn` is one lane's turn, `survey` finds jobs that are not in memory, `dead` keeps what was
//! given up.

mod dead;
mod dispatch;
mod gauges;
mod groups;
mod job;
mod options;
mod outbox;
mod record;
mod rows;
mod schedule;
mod survey;
mod turn;

pub use dead::{JobView, Listing, Selection};
pub use job::{
    Deliverer, Delivery, HOST_BYTES_MAX, Job, JobId, JobKind, ORDER_KEY_BYTES_MAX, Outcome, PAYLOAD_BYTES_MAX,
};
pub use options::{OutboxOptions, RetryPolicy};
pub use outbox::{EnqueueError, Outbox, OutboxError};

#[cfg(test)]
mod tests;
