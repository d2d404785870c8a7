//! What is to be done after the answer: link previews, pushes, webhooks.

use async_trait::async_trait;
use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::event::{Event, EventBody};
use crate::hot::HotChannel;

/// An event that has become durable, for those who do something about it. Those of the log come in its order; of the
/// others, a channel that was made or deleted, a read position that has moved, and who types.
#[derive(Clone, Debug)]
pub struct Happened<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Where.
    pub channel: EntityId,
    /// Its offset in the channel's log: with the channel, its name. Of what is in no log, the offset of the event before.
    pub offset: u64,
    /// The channel's message number with it.
    pub seq: u64,
    /// Unix milliseconds.
    pub time_ms: i64,
    /// What.
    pub event: &'a Event,
}

impl Happened<'_> {
    /// The name of an event of a log: 32 hexadecimal digits, the same whenever it is told of. One that is in no log has none.
    pub fn log_name(&self) -> Option<String> {
        let is_in_log = !matches!(
            self.event.body,
            EventBody::ChannelCreated(_) | EventBody::Read { .. } | EventBody::Typing { .. }
        );
        // With the time, since a conversation that was deleted begins anew under its id, at the first offset.
        let place = format!("{}/{}/{}", self.channel.to_hex(), self.offset, self.time_ms);
        is_in_log.then(|| format!("{:032x}", xxhash_rust::xxh3::xxh3_128(place.as_bytes())))
    }
}

/// Takes work into a durable queue. It may be told of an event twice, after a crash.
#[async_trait]
pub trait Work: Send + Sync + 'static {
    /// Queues what is to be done about an event. Returns when that is durable.
    ///
    /// # Errors
    /// It cannot be queued now; it is asked again, and nothing later of the channel overtakes it.
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError>;
}

/// Nothing is done after the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWork;

#[async_trait]
impl Work for NoWork {
    async fn happened(&self, _happened: Happened<'_>) -> Result<(), ChatError> {
        Ok(())
    }
}

impl Chat {
    pub(crate) async fn after_commit(
        &self,
        hot: &HotChannel,
        publication: &natter_core::Publication,
        event: &Event,
    ) -> Result<(), ChatError> {
        let happened = Happened {
            tenant: &hot.tenant,
            channel: hot.id,
            offset: publication.offset,
            seq: publication.seq,
            time_ms: publication.time_ms,
            event,
        };
        self.0.work.happened(happened).await
    }

    /// Queues what is to be done about something that has happened and is in no log.
    pub(crate) async fn after_change(&self, hot: &HotChannel, event: &Event) -> Result<(), ChatError> {
        let (offset, seq) = hot.with_fold(|fold| (fold.offset, fold.seq));
        let (tenant, time_ms) = (&hot.tenant, self.now_ms());
        self.0.work.happened(Happened { tenant, channel: hot.id, offset, seq, time_ms, event }).await
    }
}
