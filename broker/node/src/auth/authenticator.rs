//! Verification over all tenants: the audience of a token chooses whose keys count.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::claims::{ConnectionClaims, SubscriptionClaims};
use super::errors::{InvalidReason, KeyError, TokenError};
use super::source::TokenSources;
use super::verifier::{TokenVerifier, Verified, read};
use crate::config::Tenant;

/// The verifiers of all tenants. Immutable; a reload makes another one.
#[derive(Debug, Default)]
pub struct Authenticator {
    tenants: HashMap<String, Arc<TokenVerifier>>,
    sources: TokenSources,
}

impl Authenticator {
    /// Prepares the keys of all tenants.
    ///
    /// # Errors
    /// The first key that cannot be used.
    pub fn new(tenants: &[Tenant]) -> Result<Self, KeyError> {
        Self::default().rebuilt(tenants)
    }

    /// Asks these about connection tokens first.
    pub fn asking(self, sources: &TokenSources) -> Self {
        Self { sources: sources.clone(), ..self }
    }

    /// The authenticator after a reload. Tenants that did not change keep their verifier with the key set it has read.
    ///
    /// # Errors
    /// The first key that cannot be used; the running authenticator stays as it is.
    pub fn rebuilt(&self, tenants: &[Tenant]) -> Result<Self, KeyError> {
        let verifier = |tenant: &Tenant| match self.tenants.get(&tenant.id).filter(|kept| kept.tenant() == tenant) {
            Some(kept) => Ok(Arc::clone(kept)),
            None => TokenVerifier::new(tenant).map(Arc::new),
        };
        let tenants = tenants.iter().map(|tenant| Ok((tenant.id.clone(), verifier(tenant)?)));
        Ok(Self { tenants: tenants.collect::<Result<_, KeyError>>()?, sources: self.sources.clone() })
    }

    /// The verifier of one tenant.
    pub fn tenant(&self, id: &str) -> Option<&Arc<TokenVerifier>> {
        self.tenants.get(id)
    }

    /// Verifies a connection token of whatever tenant its audience names, else of the default one. Of several names the
    /// first that is a tenant counts. A token that a source knows is that source's.
    pub fn authenticate_connection(
        &self,
        token: &str,
        default_tenant: &str,
        now: SystemTime,
    ) -> Verified<ConnectionClaims> {
        if let Some(verified) = self.sources.connection(token, now) {
            return verified;
        }
        let (parts, raw) = match read(token) {
            Ok(read) => read,
            Err(error) => return Verified::Done(Err(error)),
        };
        let verifier = match raw.audience() {
            [] => self.tenants.get(default_tenant),
            names => names.iter().find_map(|name| self.tenants.get(name)),
        };
        match verifier {
            Some(verifier) => verifier.connection(&parts, raw, now),
            None => Verified::Done(Err(TokenError::Invalid(InvalidReason::Tenant))),
        }
    }

    /// Verifies a subscription token for a connection of a tenant. Whether it is for the connection's user and the
    /// channel is asked with [`SubscriptionClaims::check`].
    pub fn authenticate_subscription(
        &self,
        token: &str,
        tenant: &str,
        now: SystemTime,
    ) -> Verified<SubscriptionClaims> {
        match self.tenants.get(tenant) {
            Some(verifier) => verifier.verify_subscription(token, now),
            None => Verified::Done(Err(TokenError::Invalid(InvalidReason::Tenant))),
        }
    }
}
