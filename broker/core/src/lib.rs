//! Pure state machines of natter's channels: no I/O, no clock, no tokio.
//!
//! A [`Shard`] owns a set of channels and is the only writer of their numbers. It is driven by inputs
//! and answers with effects; whoever drives it does the I/O. Time and randomness come in as arguments, so that
//! property tests and simulations drive the very code that runs in production.

mod carried;
mod channel;
mod durable;
mod effects;
#[cfg(feature = "faults")]
mod faults;
mod heard;
mod idempotency;
mod input;
mod key;
mod keyed;
mod lanes;
mod log;
mod oldest;
mod opening;
mod options;
mod position;
mod presence;
mod publication;
mod quota;
mod reads;
mod recovery;
mod removal;
mod serve;
mod shard;
mod stream;

pub use carried::Carried;
pub use effects::{
    ChannelHandle, Delivery, Effect, HistoryPage, PresenceEdge, Published, Recovery, Refusal, Reply, Subscribed,
};
pub use input::{Draft, Input, Request, Subscriber};
pub use key::{ChannelKey, TenantId};
pub use keyed::{
    ChangesPage, KEY_BYTES_MAX, KeyMode, Keyed, KeyedAnswer, KeyedChange, KeyedDraft, KeyedOptions, KeyedRequest,
    Revision, StatePage, StateQuery, Suppressed,
};
pub use lanes::{LaneId, LaneSet};
pub use log::{CommitOutcome, LogHead, LogRecord, Version};
/// Who published, or who is present.
pub use natter_protocol::centrifuge::schema::ClientInfo;
/// The id of an entity of the domain above.
pub use natter_protocol::ids::EntityId;
pub use options::{ChannelOptions, RecoveryMode};
pub use position::{Epoch, Position};
pub use presence::PresenceStats;
pub use publication::{MESSAGE, Publication, Tags};
pub use quota::{ChannelQuota, ChannelQuotas};
pub use shard::{Shard, ShardLimits, ShardStats};
pub use stream::{HistoryQuery, Since};
