//! Making tenants and keys.

use natter_node::config::Tenant;
use natter_store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{StoredTenant, merge, rows};
use crate::admin::TenantSummary;

/// Keys that a tenant may have been given at run time.
const API_KEYS_MAX: usize = 32;
const ID_BYTES_MAX: usize = 64;
/// Ids of tenants that the Open Chat plugin makes itself.
const RESERVED_PREFIX: &str = "openchat.";
/// Tries to write a row that somebody else writes at the same time.
const WRITES_MAX: usize = 8;
/// Random bytes of a key, 192 bits; two letters each.
const KEY_BYTES: usize = 24;
/// Random bytes of a secret, 256 bits: as many as HS256 has use for (RFC 7518 section 3.2).
const SECRET_BYTES: usize = 32;

/// What is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Issued {
    pub(crate) tenant: String,
    pub(crate) api_key: String,
    pub(crate) token_secret: String,
}

/// Why no tenant or key was made.
#[derive(Debug, Error)]
pub(crate) enum IssueError {
    #[error("{0:?} cannot be a tenant's name: 1 to 64 letters, digits, '-', '_' or '.'")]
    Name(String),
    #[error("{0:?} is reserved: Open Chat partners get such names when they register")]
    Reserved(String),
    #[error("there is a tenant {0:?} already")]
    Exists(String),
    #[error("there is no tenant {0:?}")]
    Unknown(String),
    #[error("the tenant {0:?} has {API_KEYS_MAX} run-time keys, the most there can be; --replace withdraws them")]
    TooMany(String),
    #[error("the tenant is being changed by somebody else, try again")]
    Busy,
    #[error("no random numbers: {0}")]
    Random(getrandom::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The tenants of a store, beside those that are configured.
pub(crate) struct Tenancy<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) configured: &'a [Tenant],
}

impl Tenancy<'_> {
    /// Every tenant, configured or added.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn all(&self) -> Result<Vec<Tenant>, StoreError> {
        Ok(merge(self.configured, &rows::all(self.store).await?))
    }

    /// Every tenant, without its secrets.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn summaries(&self) -> Result<Vec<TenantSummary>, StoreError> {
        let summary = |tenant: Tenant| TenantSummary {
            source: if self.is_configured(&tenant.id) { "configuration" } else { "added" }.to_owned(),
            api_keys: tenant.api_keys.len(),
            connections: None,
            id: tenant.id,
        };
        Ok(self.all().await?.into_iter().map(summary).collect())
    }

    /// Makes a tenant with its first key and secret.
    ///
    /// # Errors
    /// The name is taken or not allowed, or the store fails.
    pub(crate) async fn add(&self, id: &str) -> Result<Issued, IssueError> {
        check_name(id)?;
        let (version, row) = rows::get(self.store, id).await?;
        if row.added || self.is_configured(id) {
            return Err(IssueError::Exists(id.to_owned()));
        }
        let (api_key, token_secret) = (random_text(KEY_BYTES)?, random_text(SECRET_BYTES)?);
        let row = StoredTenant {
            format: 1,
            added: true,
            api_keys: vec![api_key.clone()],
            token_secret: token_secret.clone(),
            previous_token_secret: String::new(),
        };
        match rows::put(self.store, id, version, &row).await? {
            true => Ok(Issued { tenant: id.to_owned(), api_key, token_secret }),
            false => Err(IssueError::Busy),
        }
    }

    /// Gives a tenant one more API key and a signing secret. A secret that the configuration sets stays the tenant's;
    /// one that was made before stays valid as the previous one. `replace` withdraws earlier run-time keys, and that.
    ///
    /// # Errors
    /// No such tenant, too many keys, or the store fails.
    pub(crate) async fn issue(&self, id: &str, replace: bool) -> Result<Issued, IssueError> {
        for _ in 0..WRITES_MAX {
            let (version, row) = rows::get(self.store, id).await?;
            if !row.added && !self.is_configured(id) {
                return Err(IssueError::Unknown(id.to_owned()));
            }
            let (row, issued) = self.with_new_keys(id, row, replace)?;
            if rows::put(self.store, id, version, &row).await? {
                return Ok(issued);
            }
        }
        Err(IssueError::Busy)
    }

    fn with_new_keys(
        &self,
        id: &str,
        mut row: StoredTenant,
        replace: bool,
    ) -> Result<(StoredTenant, Issued), IssueError> {
        if replace {
            row.api_keys.clear();
            row.token_secret.clear();
        }
        if row.api_keys.len() >= API_KEYS_MAX {
            return Err(IssueError::TooMany(id.to_owned()));
        }
        let api_key = random_text(KEY_BYTES)?;
        row.format = 1;
        row.api_keys.push(api_key.clone());
        let token_secret = match self.configured_secret(id) {
            Some(secret) => secret,
            None => {
                row.previous_token_secret = std::mem::replace(&mut row.token_secret, random_text(SECRET_BYTES)?);
                row.token_secret.clone()
            }
        };
        Ok((row, Issued { tenant: id.to_owned(), api_key, token_secret }))
    }

    fn is_configured(&self, id: &str) -> bool {
        self.configured.iter().any(|tenant| tenant.id == id)
    }

    fn configured_secret(&self, id: &str) -> Option<String> {
        let tenant = self.configured.iter().find(|tenant| tenant.id == id)?;
        (!tenant.token_secret.is_empty()).then(|| tenant.token_secret.reveal().to_owned())
    }
}

fn check_name(id: &str) -> Result<(), IssueError> {
    let is_sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > ID_BYTES_MAX || !id.chars().all(is_sound) {
        return Err(IssueError::Name(id.to_owned()));
    }
    if id.to_ascii_lowercase().starts_with(RESERVED_PREFIX) {
        return Err(IssueError::Reserved(id.to_owned()));
    }
    Ok(())
}

/// Random bytes from the system, as hexadecimal digits.
pub(crate) fn random_text(bytes: usize) -> Result<String, IssueError> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(IssueError::Random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
