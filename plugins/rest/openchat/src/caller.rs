//! Who is calling: a partner, or one of its shops or users with a token of limited scope.

use std::sync::Arc;

use natter_core::TenantId;
use natter_node::tenant::Tenant;

use crate::accounts::Account;
use crate::errors::{ApiError, Code};
use crate::side::{Side, SideId};

/// A caller whose token has passed.
#[derive(Clone, Debug)]
pub struct Caller {
    account: Arc<Account>,
    tenant: Arc<Tenant>,
    scope: Option<SideId>,
    good_until: Option<i64>,
}

impl Caller {
    /// A partner, or with a scope one of its shops or users.
    pub(crate) fn new(account: Arc<Account>, tenant: Arc<Tenant>, scope: Option<SideId>) -> Self {
        Self { account, tenant, scope, good_until: None }
    }

    /// With a token that ends, in Unix milliseconds.
    pub(crate) fn until(self, good_until: Option<i64>) -> Self {
        Self { good_until, ..self }
    }

    /// When the token ends, in Unix milliseconds, if it does.
    pub fn good_until(&self) -> Option<i64> {
        self.good_until
    }

    /// The partner's tenant, with what is counted of it.
    pub(crate) fn shared_tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    /// The partner.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// The partner's name as it was registered.
    pub fn username(&self) -> &str {
        &self.account.username
    }

    /// The partner's tenant.
    pub fn tenant(&self) -> &TenantId {
        self.tenant.id()
    }

    /// The shop or user that the token is for; `None` is the partner itself.
    pub fn scope(&self) -> Option<&SideId> {
        self.scope.as_ref()
    }

    /// The caller within its tenant, for keys that make repeats harmless.
    pub(crate) fn label(&self) -> String {
        match &self.scope {
            None => "partner".to_owned(),
            Some(scope) => scope.by.member(&scope.id),
        }
    }

    /// A name that a request may give has to be the caller's own.
    ///
    /// # Errors
    /// 4000.
    pub fn check_username(&self, given: Option<&str>) -> Result<(), ApiError> {
        match given {
            Some(given) if !given.eq_ignore_ascii_case(self.username()) => {
                Err(ApiError::Refused(Code::WrongPartner, "Partner verification failed"))
            }
            _ => Ok(()),
        }
    }

    /// Something that only the partner itself may do.
    ///
    /// # Errors
    /// 4003 for a scoped token.
    pub fn require_partner(&self) -> Result<(), ApiError> {
        if self.scope.is_none() { Ok(()) } else { Err(ApiError::FORBIDDEN) }
    }

    /// Something that the partner may do for any side, and a side for itself.
    ///
    /// # Errors
    /// 4003 for a token of another side.
    pub fn require_side(&self, by: Side, id: &str) -> Result<(), ApiError> {
        match &self.scope {
            Some(scope) if scope.by != by || scope.id != id => Err(ApiError::FORBIDDEN),
            _ => Ok(()),
        }
    }
}
