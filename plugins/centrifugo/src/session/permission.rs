//! Who may subscribe: tokens, the channel's rules, the tenant's backend, or the domain that owns the channel (sections 9, 10).

use std::sync::Arc;
use std::time::SystemTime;

use natter_node::auth::{SubscriptionClaims, TokenError};
use natter_node::domain::Access as DomainAccess;
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect};
use natter_protocol::centrifuge::schema::SubscribeRequest;

use super::grant::{Grant, permits};
use super::subscription::Origin;
use super::task::TaskResult;
use super::{ClientSession, close};
use crate::namespaces::{allows_user, is_private, is_reserved};
use crate::shared::ResolvedChannel;

/// Whether a channel's rules let a user subscribe, as far as they say.
pub(super) enum Verdict {
    Granted(Grant),
    Refused(ClientError),
    /// The tenant's backend decides.
    AskBackend,
    /// The domain that owns the channel decides.
    AskDomain,
}

impl ClientSession {
    pub(super) fn subscribe_by_token(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let tenant = self.connected()?.tenant.id().clone();
        let authenticator = self.shared.authenticator.load();
        let verified = authenticator.authenticate_subscription(&request.token, tenant.as_str(), SystemTime::now());
        let next = move |result| TaskResult::SubscriptionToken { id, request, channel, result };
        self.once_verified(verified, next, out)
    }

    pub(super) fn subscription_verified(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        result: Result<SubscriptionClaims, TokenError>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let claims = match result {
            Ok(claims) => claims,
            Err(error) => return self.refuse(id, token_error(error), out),
        };
        let connected = self.connected()?;
        if claims.check(&connected.user, &request.channel, &connected.client).is_err() {
            crate::metrics::auth_failure("claims");
            return Err(close(Disconnect::INVALID_TOKEN, CloseKind::Auth));
        }
        let grant = Grant::from_token(claims, &channel);
        self.begin(Origin::Command(id), channel, grant, &request, out)
    }

    /// What the channel's rules say, without a token.
    pub(super) fn verdict(&mut self, channel: &ResolvedChannel) -> Result<Verdict, Close> {
        let is_insecure = self.is_insecure();
        let connected = self.connected()?;
        let (name, user) = (channel.key.name(), &*connected.user);
        let rules = &channel.rules.rules;
        let is_granted = if is_reserved(name) {
            return Ok(Verdict::AskDomain);
        } else if let Some(is_allowed) = allows_user(name, user).filter(|_| rules.allow_user_limited_channels) {
            is_allowed || is_insecure
        } else if rules.subscribe_proxy_enabled {
            return Ok(Verdict::AskBackend);
        } else {
            permits(rules.allow_subscribe, false, rules.allow_subscribe_for_anonymous, user, false) || is_insecure
        };
        Ok(match is_granted {
            true => Verdict::Granted(Grant::default()),
            false => {
                crate::metrics::authz_denied("subscribe");
                Verdict::Refused(ClientError::PERMISSION_DENIED)
            }
        })
    }

    pub(super) fn ask_domain(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(domain) = self.shared.broker.domain().cloned() else {
            return self.refuse(id, ClientError::UNKNOWN_CHANNEL, out);
        };
        let connected = self.connected()?;
        let (tenant, user) = (connected.tenant.id().clone(), Arc::clone(&connected.user));
        let work = async move {
            let access = domain.may_subscribe(&tenant, &user, channel.key.name()).await;
            TaskResult::Domain { id, request, channel, access }.boxed()
        };
        self.wait_for(Box::pin(work), out);
        Ok(())
    }

    pub(super) fn domain_answered(
        &mut self,
        id: u32,
        request: &SubscribeRequest,
        channel: ResolvedChannel,
        access: DomainAccess,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match access {
            DomainAccess::Granted => self.begin(Origin::Command(id), channel, Grant::default(), request, out),
            DomainAccess::Denied => {
                crate::metrics::authz_denied("subscribe");
                self.refuse(id, ClientError::PERMISSION_DENIED, out)
            }
            DomainAccess::Unavailable => self.refuse(id, ClientError::INTERNAL, out),
        }
    }

    /// Whether plain rules let the user subscribe: what a connect may ask for beside its token.
    pub(super) fn is_permitted_by_rules(&mut self, channel: &ResolvedChannel) -> bool {
        !is_private(channel.key.name()) && matches!(self.verdict(channel), Ok(Verdict::Granted(_)))
    }
}

/// A token's error, as a subscriber is told (section 18, 7).
pub(super) fn token_error(error: TokenError) -> ClientError {
    crate::metrics::token_failure(error);
    match error {
        TokenError::Expired => ClientError::TOKEN_EXPIRED,
        TokenError::Invalid(_) => ClientError::PERMISSION_DENIED,
        TokenError::KeysUnavailable => ClientError::INTERNAL,
    }
}
