//! Lets the users of tenants in by the tokens that their backends give them.

use std::any::Any;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use natter_core::TenantId;

use super::attempt::{Attempt, Authenticator, Identity, Refused, Verdict, Verdicts};
use crate::auth::{self, ConnectionClaims, KeyError, TokenError, TokenPurpose, Verified};
use crate::broker::Broker;
use crate::config::Config;
use crate::domain::{Access, Visitor};
use crate::tenant::Tenants;

/// Verifies user tokens; an [`Authenticator`] of its own, and what dialects build theirs of. Cheap to clone.
///
/// A client without a token is not one of its users. The [`ConnectionClaims`] of one who is let in become the socket's
/// state.
#[derive(Clone)]
pub struct UserTokens(Arc<Inner>);

struct Inner {
    broker: Broker,
    tenants: Arc<Tenants>,
    authenticator: ArcSwap<auth::Authenticator>,
    default_tenant: ArcSwap<String>,
}

impl UserTokens {
    /// Begins with the tenants of a configuration.
    ///
    /// # Errors
    /// A tenant's key that cannot be used.
    pub fn new(config: &Config, broker: Broker, tenants: Arc<Tenants>) -> Result<Self, KeyError> {
        Ok(Self(Arc::new(Inner {
            authenticator: ArcSwap::from_pointee(
                auth::Authenticator::new(&config.tenants)?.asking(broker.token_sources()),
            ),
            broker,
            tenants,
            default_tenant: ArcSwap::from_pointee(default_tenant(config)),
        })))
    }

    /// Takes a new configuration over.
    ///
    /// # Errors
    /// A tenant's key that cannot be used; everything stays as it is.
    pub fn reload(&self, config: &Config) -> Result<(), KeyError> {
        let authenticator = self.0.authenticator.load().rebuilt(&config.tenants)?;
        self.0.authenticator.store(Arc::new(authenticator));
        self.0.default_tenant.store(Arc::new(default_tenant(config)));
        Ok(())
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// Why it does not pass.
    pub async fn verify(&self, token: &str) -> Result<ConnectionClaims, TokenError> {
        let verified = {
            let default_tenant = self.0.default_tenant.load();
            self.0.authenticator.load().authenticate_connection(token, &default_tenant, SystemTime::now())
        };
        match verified {
            Verified::Done(result) => result,
            Verified::Pending(pending) => pending.await,
        }
    }

    /// Whether a user with a good token is let in; the domain above the broker may know better than the token.
    ///
    /// # Errors
    /// As the client is told.
    pub async fn admit(&self, claims: ConnectionClaims) -> Result<Identity, Refused> {
        if claims.purpose == Some(TokenPurpose::Rest) {
            return Err(invalid());
        }
        let tenant = self.0.tenants.get(&claims.tenant).ok_or_else(invalid)?;
        if let Some(domain) = self.0.broker.domain().filter(|_| !claims.user.is_empty()) {
            match domain.admit(visitor(tenant.id(), &claims)).await {
                Ok(_) => {}
                Err(Access::Unavailable) => return Err(unavailable()),
                Err(_) => return Err(invalid()),
            }
        }
        let user = claims.user.as_str().into();
        Ok(Identity { tenant, user, state: Arc::new(claims) as Arc<dyn Any + Send + Sync> })
    }

    async fn decide(self, attempt: Attempt) -> Verdict {
        let Some(token) = attempt.token() else { return Verdict::NotMine };
        let admitted = match self.verify(&token).await {
            Ok(claims) => self.admit(claims).await,
            Err(TokenError::Expired) => Err(refused("token expired", "token_expired")),
            Err(TokenError::Invalid(_)) => Err(invalid()),
            Err(TokenError::KeysUnavailable) => Err(unavailable()),
        };
        match admitted {
            Ok(identity) => Verdict::Accepted(identity),
            Err(refused) => Verdict::Refused(refused),
        }
    }
}

impl Authenticator for UserTokens {
    fn authenticate(&self, attempt: Attempt) -> Verdicts {
        Box::pin(self.clone().decide(attempt))
    }
}

fn default_tenant(config: &Config) -> String {
    match config.plugins.socketio.tenant.as_str() {
        "" => config.tenants.first().map(|tenant| tenant.id.clone()).unwrap_or_default(),
        named => named.to_owned(),
    }
}

fn visitor(tenant: &TenantId, claims: &ConnectionClaims) -> Visitor {
    Visitor {
        tenant: tenant.clone(),
        user: claims.user.clone(),
        issued_at: claims.issued_at.and_then(|at| i64::try_from(at).ok()),
        is_own_token: claims.purpose.is_some(),
    }
}

fn refused(message: &str, code: &str) -> Refused {
    Refused::new(message).with_data(&serde_json::json!({ "code": code }))
}

fn invalid() -> Refused {
    refused("invalid token", "token_invalid")
}

fn unavailable() -> Refused {
    refused("try again later", "unavailable")
}
