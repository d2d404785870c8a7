//! What a permitted subscription begins with, whichever kind it is.

use std::sync::Arc;

use natter_core::{LaneId, Subscriber};
use natter_node::session::Close;
use natter_protocol::centrifuge::schema::SubscribeRequest;

use super::ClientSession;
use super::grant::{Features, Grant};
use super::subscription::{Origin, State, Subscription, with_channel_info};
use crate::shared::ResolvedChannel;

impl ClientSession {
    /// How a subscription is to behave.
    pub(super) fn features(
        &mut self,
        channel: &ResolvedChannel,
        grant: &Grant,
        request: &SubscribeRequest,
    ) -> Result<Features, Close> {
        let access = self.access(channel)?;
        Ok(Features::new(&channel.rules.rules, &grant.overrides, request, access))
    }

    /// A subscription under the next number. It is not listed yet.
    pub(super) fn new_subscription(
        &mut self,
        channel: ResolvedChannel,
        grant: Grant,
        (features, has_delta): (Features, bool),
        state: State,
        lane: LaneId,
    ) -> Result<Subscription, Close> {
        let info = with_channel_info(&self.connected()?.info, grant.info);
        let presence = self.map_presence(&channel, &info);
        let deadline_ms = self.subscription_deadline_ms(grant.expire_at, grant.is_refreshed_by_client);
        let connected = self.connected()?;
        let client = Arc::clone(&connected.client);
        Ok(Subscription {
            number: connected.subscriptions.next_number(),
            channel,
            subscriber: Subscriber { lane, client, info: features.is_visible.then(|| Arc::clone(&info)) },
            info,
            is_server_side: matches!(&state, State::Starting(start) if !matches!(start.origin, Origin::Command(_))),
            state,
            is_from_connection_token: grant.is_from_connection_token,
            is_refreshed_by_client: grant.is_refreshed_by_client,
            has_delta,
            features,
            expire_at: grant.expire_at,
            deadline_ms,
            tracking: None,
            presence,
        })
    }
}
