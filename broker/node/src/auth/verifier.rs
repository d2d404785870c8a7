//! Verification for one tenant.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::Algorithm;

use super::claims::{ConnectionClaims, Rules, SubscriptionClaims};
use super::errors::{InvalidReason, KeyError, TokenError};
use super::jwks::{KeySet, Schedule};
use super::keys::{Key, local_keys};
use super::raw::RawClaims;
use super::token::{Header, Parts};
use crate::config::Tenant;

/// Work that ends with a token's claims; it waits for the network.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, TokenError>> + Send>>;

/// The outcome of a verification, now or later.
#[must_use]
pub enum Verified<T> {
    /// Decided with what is at hand.
    Done(Result<T, TokenError>),
    /// Something has to be read first: the tenant's key set, or what a plugin knows of its token.
    Pending(Pending<T>),
}

impl<T> Verified<T> {
    /// Waits for the decision, if it is not there yet.
    ///
    /// # Errors
    /// The token does not pass.
    pub async fn decided(self) -> Result<T, TokenError> {
        match self {
            Self::Done(result) => result,
            Self::Pending(pending) => pending.await,
        }
    }
}

/// Verifies the tokens of one tenant.
#[derive(Debug)]
pub struct TokenVerifier {
    tenant: Tenant,
    id: Arc<str>,
    keys: Vec<Key>,
    key_set: Option<Arc<KeySet>>,
}

impl TokenVerifier {
    /// Prepares a tenant's keys.
    ///
    /// # Errors
    /// A key that is not a public key of its kind, or whose file cannot be read.
    pub fn new(tenant: &Tenant) -> Result<Self, KeyError> {
        Self::with_schedule(tenant, Schedule::default())
    }

    pub(super) fn with_schedule(tenant: &Tenant, schedule: Schedule) -> Result<Self, KeyError> {
        Ok(Self {
            id: Arc::from(tenant.id.as_str()),
            keys: local_keys(tenant)?,
            key_set: KeySet::of(tenant, schedule),
            tenant: tenant.clone(),
        })
    }

    /// The configuration that the verifier was made of.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Verifies a connection token. A token with an audience must name this tenant.
    pub fn verify_connection(&self, token: &str, now: SystemTime) -> Verified<ConnectionClaims> {
        let (parts, raw) = match read(token) {
            Ok(read) => read,
            Err(error) => return Verified::Done(Err(error)),
        };
        self.connection(&parts, raw, now)
    }

    /// Verifies a subscription token. A token with an audience must name this tenant.
    pub fn verify_subscription(&self, token: &str, now: SystemTime) -> Verified<SubscriptionClaims> {
        let (parts, raw) = match read(token) {
            Ok(read) => read,
            Err(error) => return Verified::Done(Err(error)),
        };
        let rules = Rules::new(now, self.tenant.require_exp);
        self.verify(&parts, raw, now, move |raw| SubscriptionClaims::read(raw, rules))
    }

    pub(super) fn connection(&self, parts: &Parts<'_>, raw: RawClaims, now: SystemTime) -> Verified<ConnectionClaims> {
        let rules = Rules::new(now, self.tenant.require_exp);
        let id = Arc::clone(&self.id);
        self.verify(parts, raw, now, move |raw| ConnectionClaims::read(raw, id, rules))
    }

    /// Signature first, claims after it: nobody learns from an error what an unsigned token would have given.
    fn verify<T: 'static>(
        &self,
        parts: &Parts<'_>,
        raw: RawClaims,
        now: SystemTime,
        finish: impl FnOnce(RawClaims) -> Result<T, TokenError> + Send + 'static,
    ) -> Verified<T> {
        let audience = raw.audience();
        if !audience.is_empty() && !audience.iter().any(|name| **name == *self.id) {
            return Verified::Done(Err(TokenError::Invalid(InvalidReason::Tenant)));
        }
        let header = match parts.header() {
            Ok(header) => header,
            Err(error) => return Verified::Done(Err(error)),
        };
        match self.signature(parts, &header, now) {
            Signature::Decided(result) => Verified::Done(result.and_then(|()| finish(raw))),
            Signature::Unread(set, kid) => Verified::Pending(later(set, kid, *parts, header.algorithm, raw, finish)),
        }
    }

    fn signature(&self, parts: &Parts<'_>, header: &Header, now: SystemTime) -> Signature {
        let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let live =
            |key: &&Key| key.until.is_none_or(|until| seconds <= until) && key.algorithms.contains(&header.algorithm);
        if self.keys.iter().filter(live).any(|key| key.signed(parts, header.algorithm)) {
            return Signature::Decided(Ok(()));
        }
        let has_key = self.keys.iter().any(|key| live(&key));
        let reason = if has_key { InvalidReason::Signature } else { InvalidReason::Algorithm };
        let by_set = |set: &&Arc<KeySet>| set.accepts(header.algorithm) && (header.kid.is_some() || !has_key);
        match self.key_set.as_ref().filter(by_set) {
            Some(set) => signature_by_set(set, parts, header),
            None => Signature::Decided(Err(TokenError::Invalid(reason))),
        }
    }
}

enum Signature {
    Decided(Result<(), TokenError>),
    Unread(Arc<KeySet>, String),
}

fn signature_by_set(set: &Arc<KeySet>, parts: &Parts<'_>, header: &Header) -> Signature {
    let Some(kid) = &header.kid else {
        return Signature::Decided(Err(TokenError::Invalid(InvalidReason::KeyUnknown)));
    };
    match set.verify_known(kid, parts, header.algorithm) {
        Some(result) => Signature::Decided(result),
        None => Signature::Unread(Arc::clone(set), kid.clone()),
    }
}

fn later<T: 'static>(
    set: Arc<KeySet>,
    kid: String,
    parts: Parts<'_>,
    algorithm: Algorithm,
    raw: RawClaims,
    finish: impl FnOnce(RawClaims) -> Result<T, TokenError> + Send + 'static,
) -> Pending<T> {
    let token = format!("{}.{}", parts.signed, parts.signature);
    Box::pin(async move {
        set.verify_after_reading(&kid, &Parts::of(&token)?, algorithm).await?;
        finish(raw)
    })
}

pub(super) fn read(token: &str) -> Result<(Parts<'_>, RawClaims), TokenError> {
    let parts = Parts::of(token)?;
    let raw = RawClaims::parse(&parts.payload_json()?)?;
    Ok((parts, raw))
}
