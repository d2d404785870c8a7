//! Channels with keys, as plugins and the server API see them.

use std::sync::Arc;

use natter_core::{
    ChannelKey, ChannelOptions, KeyedAnswer, KeyedChange, KeyedRequest, Refusal, Reply, Request, StatePage,
};

use crate::broker::Broker;

impl Broker {
    /// Sets or removes a key.
    ///
    /// # Errors
    /// The channel keeps no keys, the key or what is expected of it makes no sense, or there is no room.
    pub async fn change_key(
        &self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        request: KeyedRequest,
    ) -> Result<KeyedChange, Refusal> {
        match self.ask_keyed(channel, options, request).await? {
            KeyedAnswer::Changed(changed) => Ok(changed),
            _ => Err(Refusal::BadRequest),
        }
    }

    /// Reads a page of a channel's keys, and how many there are; `request` is a `KeyedRequest::State`.
    ///
    /// # Errors
    /// The channel keeps no keys, or is not the one any more that the request names by its epoch.
    pub async fn keyed_state(
        &self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        request: KeyedRequest,
    ) -> Result<(StatePage, usize), Refusal> {
        match self.ask_keyed(channel, options, request).await? {
            KeyedAnswer::State { page, keys } => Ok((page, keys)),
            _ => Err(Refusal::BadRequest),
        }
    }

    /// Forgets everything about a channel: its keys, its stream and its epoch. Subscribers are told to subscribe anew.
    ///
    /// # Errors
    /// The channel's shard has too much to do.
    pub async fn clear_keys(&self, channel: ChannelKey, options: Arc<ChannelOptions>) -> Result<(), Refusal> {
        match self.ask(channel, options, Request::Close { reply: () }).await? {
            Reply::HistoryRemoved(result) => result,
            _ => Err(Refusal::BadRequest),
        }
    }

    async fn ask_keyed(
        &self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        request: KeyedRequest,
    ) -> Result<KeyedAnswer, Refusal> {
        let request = Request::Keyed { request: Box::new(request), reply: Some(()) };
        match self.ask(channel, options, request).await? {
            Reply::Keyed(result) => result.map(|answer| *answer),
            _ => Err(Refusal::BadRequest),
        }
    }
}
