//! What a tenant's backend does to a connection (section 14), and what a channel's owner does.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ChannelHandle, ClientInfo};
use natter_node::session::{Close, CloseKind, Control, ServerSubscribe, SessionOut};
use natter_protocol::centrifuge::codes::{Disconnect, Unsubscribed};
use natter_protocol::centrifuge::schema::{Push, Refresh, SubscribeRequest};

use super::deadlines::time_left;
use super::grant::Grant;
use super::subscription::{Origin, with_channel_info};
use super::{ClientSession, Phase, close};

impl ClientSession {
    pub(super) fn control(&mut self, control: &Control, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match control {
            Control::Disconnect(close) | Control::Supersede(close) => Err(close.clone()),
            // Whoever is still being let in has nothing else to change.
            _ if !matches!(self.phase, Phase::Connected(_)) => Ok(()),
            Control::Subscribe(subscribe) => self.server_subscribe(subscribe, out),
            Control::Unsubscribe { channel } => self.server_unsubscribe(channel.as_deref(), out),
            Control::Refresh { expired: true, .. } => Err(close(Disconnect::CONNECTION_EXPIRED, CloseKind::Auth)),
            Control::Refresh { expire_at, info, .. } => self.server_refresh(*expire_at, info.as_ref(), out),
        }
    }

    fn server_subscribe(&mut self, subscribe: &Arc<ServerSubscribe>, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let channels_max = self.settings.limits.channels_per_connection;
        let Ok(channel) = self.resolve(&subscribe.channel) else { return Ok(()) };
        // Nobody but a client reads a map page by page.
        if channel.rules.options.keyed.is_some() {
            return Ok(());
        }
        let connected = self.connected()?;
        let is_known = connected.subscriptions.get(&subscribe.channel).is_some();
        if is_known || connected.subscriptions.len() >= channels_max {
            return Ok(());
        }
        let grant = Grant {
            info: subscribe.info.clone(),
            data: subscribe.data.clone(),
            expire_at: subscribe.expire_at.and_then(|at| u64::try_from(at).ok()),
            overrides: subscribe.overrides,
            ..Grant::default()
        };
        let since = subscribe.recover_since.as_ref();
        let request = SubscribeRequest {
            recover: since.is_some(),
            recoverable: since.is_some(),
            offset: since.map_or(0, |since| since.offset),
            epoch: since.map_or_else(String::new, |since| since.epoch.clone()),
            ..SubscribeRequest::default()
        };
        self.begin(Origin::Server, channel, grant, &request, out)
    }

    fn server_unsubscribe(&mut self, channel: Option<&str>, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let subscriptions = self.connected()?.subscriptions.iter();
        let meant =
            subscriptions.filter(|subscription| channel.is_none_or(|name| *name == **subscription.channel.key.name()));
        let numbers: Vec<_> = meant.filter(|subscription| subscription.is_active()).map(|meant| meant.number).collect();
        for number in numbers {
            let Some(subscription) = self.connected()?.subscriptions.remove(number) else { continue };
            let channel = subscription.channel.key.name().to_string();
            subscription.leave(out);
            self.push(Push { channel, unsubscribe: Some(Unsubscribed::SERVER.into()), ..Push::default() }, out)?;
        }
        Ok(())
    }

    fn server_refresh(
        &mut self,
        expire_at: Option<i64>,
        info: Option<&Bytes>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let expire_at = expire_at.and_then(|at| u64::try_from(at).ok()).filter(|at| *at > 0);
        if let Some(info) = info {
            self.replace_info(info.clone(), out)?;
        }
        self.set_expiry(expire_at, true);
        let (expires, ttl) = time_left(expire_at, out.now_ms());
        self.push(Push { refresh: Some(Refresh { expires, ttl }), ..Push::default() }, out)
    }

    /// Shows others new connection info.
    pub(super) fn replace_info(&mut self, conn_info: Bytes, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let connected = self.connected()?;
        connected.info = Arc::new(ClientInfo { conn_info, ..(*connected.info).clone() });
        let info = Arc::clone(&connected.info);
        for subscription in connected.subscriptions.iter_mut() {
            let chan_info = subscription.info.chan_info.clone();
            subscription.show_as(with_channel_info(&info, chan_info), out);
        }
        Ok(())
    }

    /// A channel's owner can no longer vouch for the position; the lane has detached the subscription.
    pub(super) fn invalidated(&mut self, handle: ChannelHandle, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Some(subscription) = self.connected()?.subscriptions.remove_handle(handle) else { return Ok(()) };
        if subscription.is_server_side {
            return Err(close(Disconnect::INSUFFICIENT_STATE, CloseKind::Error));
        }
        let channel = subscription.channel.key.name().to_string();
        subscription.release_presence(out);
        let unsubscribe = Some(Unsubscribed::INSUFFICIENT_STATE.into());
        self.push(Push { channel, unsubscribe, ..Push::default() }, out)
    }
}
