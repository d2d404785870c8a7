//! Presence as keys of maps (section 8): while a connection is subscribed to a channel it holds its client id in one map,
//! and its user in another. The client id goes with it; a user stays until the key's time is over, so that who comes back
//! quickly has never been away.

use std::sync::Arc;

use natter_core::{ClientInfo, KeyedRequest, Request};
use natter_node::session::SessionOut;

use crate::session::ClientSession;
use crate::session::subscription::Subscription;
use crate::shared::ResolvedChannel;

/// Where a subscription is listed.
#[derive(Debug)]
pub(in crate::session) struct MapPresence {
    /// The map whose keys are client ids.
    clients: Option<ResolvedChannel>,
    /// The map whose keys are users.
    users: Option<ResolvedChannel>,
    /// Whether the client's key goes from the channel itself when it leaves.
    removes_own_key: bool,
    info: Arc<ClientInfo>,
    is_held: bool,
}

impl ClientSession {
    /// Where a subscription to a channel is to be listed; `None` for nowhere.
    pub(in crate::session) fn map_presence(
        &self,
        channel: &ResolvedChannel,
        info: &Arc<ClientInfo>,
    ) -> Option<Box<MapPresence>> {
        let rules = &channel.rules.rules;
        let (clients, users) = (&rules.map_clients_presence_channel_prefix, &rules.map_users_presence_channel_prefix);
        let removes_own_key = rules.map.remove_client_on_unsubscribe;
        if clients.is_empty() && users.is_empty() && !removes_own_key {
            return None;
        }
        let channel_of = |prefix: &str, is_wanted: bool| {
            let name = format!("{prefix}{}", channel.key.name());
            (is_wanted && !prefix.is_empty()).then(|| self.resolve(&name).ok()).flatten()
        };
        let clients = channel_of(clients, true);
        let users = channel_of(users, !info.user.is_empty());
        Some(Box::new(MapPresence { clients, users, removes_own_key, info: Arc::clone(info), is_held: false }))
    }
}

impl Subscription {
    /// Lists the subscription, once it stands.
    pub(in crate::session) fn hold_presence(&mut self, out: &mut SessionOut<'_>) {
        let Some(presence) = &mut self.presence else { return };
        presence.is_held = true;
        let info = &presence.info;
        if let Some(channel) = &presence.clients {
            let request = KeyedRequest::Hold { key: info.client.as_str().into(), info: Some(Arc::clone(info)) };
            tell(channel, request, out);
        }
        if let Some(channel) = &presence.users {
            tell(channel, KeyedRequest::Hold { key: info.user.as_str().into(), info: None }, out);
        }
    }

    /// Takes the subscription off the lists that it is on.
    pub(in crate::session) fn release_presence(&self, out: &mut SessionOut<'_>) {
        let Some(presence) = self.presence.as_ref().filter(|presence| presence.is_held) else { return };
        let info = &presence.info;
        if let Some(channel) = &presence.clients {
            tell(channel, KeyedRequest::Release { key: info.client.as_str().into(), removes: true }, out);
        }
        if let Some(channel) = &presence.users {
            tell(channel, KeyedRequest::Release { key: info.user.as_str().into(), removes: false }, out);
        }
        if presence.removes_own_key {
            let key = info.client.as_str().into();
            let request = KeyedRequest::Remove { key, idempotency_key: None, expected: None, tags: None };
            tell(&self.channel, request, out);
        }
    }
}

fn tell(channel: &ResolvedChannel, request: KeyedRequest, out: &mut SessionOut<'_>) {
    let request = Request::Keyed { request: Box::new(request), reply: None };
    out.tell(channel.key.clone(), Arc::clone(&channel.rules.options), request);
}
