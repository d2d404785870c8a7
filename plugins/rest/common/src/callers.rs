//! Who is calling: API keys, which name a tenant, and bearer tokens, which name a user of one.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::request::Parts;
use natter_node::auth::{Authenticator, ConnectionClaims, KeyError};
use natter_node::config::Config;
use natter_node::tenant::{Tenant, Tenants};

use crate::dialect::{Dialect, Rejected};
use crate::rejection::{Rejection, Unauthorized};
use crate::rest::Rest;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A user whose token has passed.
#[derive(Clone, Debug)]
pub struct User {
    /// The tenant whose key signed the token.
    pub tenant: Arc<Tenant>,
    /// What the token says; `claims.user` is never empty.
    pub claims: ConnectionClaims,
}

/// Verifies keys and tokens of all tenants.
pub struct Callers {
    tenants: Arc<Tenants>,
    authenticator: ArcSwap<Authenticator>,
}

impl Callers {
    pub(crate) fn new(config: &Config, tenants: Arc<Tenants>) -> Result<Self, KeyError> {
        Ok(Self { tenants, authenticator: ArcSwap::from_pointee(Authenticator::new(&config.tenants)?) })
    }

    pub(crate) fn reload(&self, config: &Config) -> Result<(), KeyError> {
        let authenticator = self.authenticator.load().rebuilt(&config.tenants)?;
        self.authenticator.store(Arc::new(authenticator));
        Ok(())
    }

    /// The tenants of the node.
    pub fn tenants(&self) -> &Arc<Tenants> {
        &self.tenants
    }

    /// The tenant of `X-API-Key`.
    ///
    /// # Errors
    /// No key, or one of no tenant.
    pub fn tenant_of_key(&self, headers: &HeaderMap) -> Result<Arc<Tenant>, Rejection> {
        let key = headers.get(X_API_KEY).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if key.is_empty() {
            return Err(Rejection::Unauthorized(Unauthorized::ApiKeyMissing));
        }
        self.tenants.by_api_key(key).ok_or(Rejection::Unauthorized(Unauthorized::ApiKeyUnknown))
    }

    /// Verifies a user's token. Its tenant is its `aud`, else `default_tenant`; only the algorithms that are configured
    /// for that tenant pass.
    ///
    /// # Errors
    /// Why it does not pass, or `Unavailable` when the tenant's key set cannot be read.
    pub async fn user(&self, token: &str, default_tenant: &str) -> Result<User, Rejection> {
        let authenticator = self.authenticator.load_full();
        let verified = authenticator.authenticate_connection(token, default_tenant, SystemTime::now());
        let claims = verified.decided().await?;
        if claims.user.is_empty() {
            return Err(Rejection::Unauthorized(Unauthorized::TokenInvalid("claims")));
        }
        let tenant =
            self.tenants.get(&claims.tenant).ok_or(Rejection::Unauthorized(Unauthorized::TokenOfOtherTenant))?;
        Ok(User { tenant, claims })
    }

    /// Verifies a user's token, which must be of `tenant`.
    ///
    /// # Errors
    /// As [`Callers::user`]; `TokenOfOtherTenant` for a good token of another one.
    pub async fn user_of(&self, token: &str, tenant: &Tenant) -> Result<User, Rejection> {
        let user = self.user(token, tenant.id().as_str()).await?;
        if user.tenant.id() != tenant.id() {
            return Err(Rejection::Unauthorized(Unauthorized::TokenOfOtherTenant));
        }
        Ok(user)
    }
}

/// The text of `Authorization: Bearer <token>`, the scheme in any case; an empty one is none.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The tenant of the request's `X-API-Key`; taken apart as `ApiKey(tenant, ..): ApiKey<D>`.
pub struct ApiKey<D>(pub Arc<Tenant>, pub PhantomData<D>);

impl<S: Send + Sync, D: Dialect> FromRequestParts<S> for ApiKey<D>
where
    Arc<Rest>: FromRef<S>,
{
    type Rejection = Rejected<D>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejected<D>> {
        let tenant = Arc::<Rest>::from_ref(state).callers().tenant_of_key(&parts.headers)?;
        Ok(Self(tenant, PhantomData))
    }
}

/// The unverified text of the request's bearer token; taken apart as `Bearer(token, ..): Bearer<D>`.
pub struct Bearer<D>(pub String, pub PhantomData<D>);

impl<S: Send + Sync, D: Dialect> FromRequestParts<S> for Bearer<D> {
    type Rejection = Rejected<D>;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejected<D>> {
        match bearer(&parts.headers) {
            Some(token) => Ok(Self(token.to_owned(), PhantomData)),
            None => Err(Rejection::Unauthorized(Unauthorized::TokenMissing).into()),
        }
    }
}
