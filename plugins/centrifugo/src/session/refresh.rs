//! `refresh` and `sub_refresh`, and what happens when nobody refreshes (sections 4 and 6.7).

use std::collections::BTreeSet;
use std::time::SystemTime;

use natter_node::auth::{ConnectionClaims, SubscriptionClaims, TokenError};
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect, Unsubscribed};
use natter_protocol::centrifuge::schema::{RefreshRequest, RefreshResult, Reply, SubRefreshRequest, SubRefreshResult};

use super::deadlines::time_left;
use super::task::TaskResult;
use super::{ClientSession, bad_request, close};

impl ClientSession {
    pub(super) fn refresh(&mut self, id: u32, request: RefreshRequest, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let connected = self.connected()?;
        if request.token.is_empty() || !connected.is_refreshed_by_client {
            return Err(bad_request());
        }
        let tenant = connected.tenant.id().clone();
        let authenticator = self.shared.authenticator.load();
        let verified = authenticator.authenticate_connection(&request.token, tenant.as_str(), SystemTime::now());
        self.once_verified(verified, move |result| TaskResult::RefreshToken { id, result }, out)
    }

    pub(super) fn refresh_verified(
        &mut self,
        id: u32,
        result: Result<ConnectionClaims, TokenError>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let claims = match result {
            Ok(claims) => claims,
            Err(TokenError::KeysUnavailable) => return self.refuse(id, ClientError::INTERNAL, out),
            Err(error) => return Err(token_refused(error, Disconnect::CONNECTION_EXPIRED)),
        };
        let connected = self.connected()?;
        if claims.user != *connected.user || *claims.tenant != *connected.tenant.id().as_str() {
            return Err(close(Disconnect::INVALID_TOKEN, CloseKind::Auth));
        }
        let of_token = connected.subscriptions.iter().filter(|subscription| subscription.is_from_connection_token);
        let present: BTreeSet<&str> = of_token.map(|subscription| &**subscription.channel.key.name()).collect();
        let wanted: BTreeSet<&str> = claims.channels.iter().chain(claims.subs.keys()).map(String::as_str).collect();
        if present != wanted {
            return Err(close(Disconnect::INSUFFICIENT_STATE, CloseKind::Auth));
        }
        connected.login.clone_from(&claims.login);
        connected.meta = claims.meta.or(connected.meta.take());
        if let Some(info) = claims.info.filter(|info| !info.is_empty()) {
            self.replace_info(info, out)?;
        }
        let (expires, ttl) = time_left(claims.expire_at, out.now_ms());
        self.set_expiry(claims.expire_at, true);
        let refresh = Some(RefreshResult { expires, ttl, ..RefreshResult::default() });
        self.reply(&Reply { id, refresh, ..Reply::default() }, out)
    }

    /// The connection's time is over: its backend is asked, or it is closed.
    pub(super) fn connection_expired(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let asks_backend = self.settings.centrifugo.client.proxy.refresh.enabled;
        if asks_backend && !self.connected()?.is_refreshed_by_client {
            return self.ask_refresh(out);
        }
        Err(close(Disconnect::CONNECTION_EXPIRED, CloseKind::Auth))
    }

    pub(super) fn sub_refresh(
        &mut self,
        id: u32,
        request: SubRefreshRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        if request.channel.is_empty() {
            return Err(bad_request());
        }
        if let Some(result) = self.change_tracked(id, &request, out) {
            return result;
        }
        let connected = self.connected()?;
        let Some(subscription) = connected.subscriptions.get(&request.channel) else {
            return self.refuse(id, ClientError::PERMISSION_DENIED, out);
        };
        if subscription.expire_at.is_some() && !subscription.is_refreshed_by_client {
            return Err(bad_request());
        }
        if request.token.is_empty() {
            return self.refuse(id, ClientError::BAD_REQUEST, out);
        }
        let tenant = connected.tenant.id().clone();
        let authenticator = self.shared.authenticator.load();
        let verified = authenticator.authenticate_subscription(&request.token, tenant.as_str(), SystemTime::now());
        let channel = request.channel;
        self.once_verified(verified, move |result| TaskResult::SubRefreshToken { id, channel, result }, out)
    }

    pub(super) fn sub_refresh_verified(
        &mut self,
        id: u32,
        channel: &str,
        result: Result<SubscriptionClaims, TokenError>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let claims = match result {
            Ok(claims) => claims,
            Err(TokenError::KeysUnavailable) => return self.refuse(id, ClientError::INTERNAL, out),
            Err(error) => return Err(token_refused(error, Disconnect::SUBSCRIPTION_EXPIRED)),
        };
        let deadline_ms = self.subscription_deadline_ms(claims.expire_at, true);
        let now_ms = out.now_ms();
        let connected = self.connected()?;
        if claims.check(&connected.user, channel, &connected.client).is_err() {
            return Err(close(Disconnect::INVALID_TOKEN, CloseKind::Auth));
        }
        if let Some(subscription) = connected.subscriptions.get_mut(channel) {
            subscription.expire_at = claims.expire_at;
            subscription.is_refreshed_by_client = true;
            subscription.deadline_ms = deadline_ms;
            // The token says all that there is to say of the subscriber, also nothing.
            let info = claims.options.info.unwrap_or_default();
            if info != subscription.info.chan_info {
                subscription.replace_info(info, out);
            }
        }
        let (expires, ttl) = time_left(claims.expire_at, now_ms);
        let sub_refresh = Some(SubRefreshResult { expires, ttl, ..SubRefreshResult::default() });
        self.reply(&Reply { id, sub_refresh, ..Reply::default() }, out)
    }

    /// Ends, or has the backend decide about, the subscriptions whose time is over.
    pub(super) fn subscriptions_expired(&mut self, now_ms: i64, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Ok(connected) = self.connected() else { return Ok(()) };
        for number in connected.subscriptions.due(now_ms) {
            let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { continue };
            if !subscription.is_refreshed_by_client && subscription.channel.rules.rules.sub_refresh_proxy_enabled {
                subscription.deadline_ms = i64::MAX;
                self.ask_sub_refresh(number, out)?;
            } else {
                self.end_subscription(number, Unsubscribed::EXPIRED, Disconnect::SUBSCRIPTION_EXPIRED, out)?;
            }
        }
        Ok(())
    }
}

/// How a connection ends whose refreshing token does not pass; `expired` is for one that is only too old.
fn token_refused(error: TokenError, expired: Disconnect) -> Close {
    crate::metrics::token_failure(error);
    match error {
        TokenError::Expired => close(expired, CloseKind::Auth),
        _ => close(Disconnect::INVALID_TOKEN, CloseKind::Auth),
    }
}
