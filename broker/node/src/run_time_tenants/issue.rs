//! Making tenants and keys.

use natter_store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{SELF_REGISTERED_PREFIX, StoredTenant, merge, rows};
use crate::config::Tenant;

/// Keys that a tenant may have been given at run time.
const API_KEYS_MAX: usize = 32;
const ID_BYTES_MAX: usize = 64;
/// Tries to write a row that somebody else writes at the same time.
const WRITES_MAX: usize = 8;
/// Random bytes of a key, 192 bits; two letters each.
const KEY_BYTES: usize = 24;
/// Random bytes of a secret, 256 bits: as many as HS256 has use for (RFC 7518 section 3.2).
const SECRET_BYTES: usize = 32;

/// What is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// Whose.
    pub tenant: String,
    /// A key for its backend.
    pub api_key: String,
    /// What signs its users' tokens.
    pub token_secret: String,
}

/// Why no tenant or key was made.
#[derive(Debug, Error)]
pub enum IssueError {
    /// The name has a character that it cannot have, or is too long.
    #[error("{0:?} cannot be a tenant's name: 1 to 64 letters, digits, '-', '_' or '.'")]
    Name(String),
    /// The name belongs to tenants that register themselves.
    #[error("{0:?} is reserved: Open Chat partners get such names when they register")]
    Reserved(String),
    /// The name is taken.
    #[error("there is a tenant {0:?} already")]
    Exists(String),
    /// Nobody has the name.
    #[error("there is no tenant {0:?}")]
    Unknown(String),
    /// It has as many run-time keys as it may have.
    #[error("the tenant {0:?} has {API_KEYS_MAX} run-time keys, the most there can be; --replace withdraws them")]
    TooMany(String),
    /// Somebody else writes the row as well, again and again.
    #[error("the tenant is being changed by somebody else, try again")]
    Busy,
    /// The system gives no randomness.
    #[error("no random numbers: {0}")]
    Random(getrandom::Error),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The tenants of a store, beside those that are configured.
pub struct Tenancy<'a> {
    /// Has the rows.
    pub store: &'a dyn Store,
    /// The tenants of the file.
    pub configured: &'a [Tenant],
}

impl Tenancy<'_> {
    /// Every tenant, configured or added.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn all(&self) -> Result<Vec<Tenant>, StoreError> {
        Ok(merge(self.configured, &rows::all(self.store).await?))
    }

    /// Makes a tenant with its first key and secret.
    ///
    /// # Errors
    /// The name is taken or not allowed, or the store fails.
    pub async fn add(&self, id: &str) -> Result<Issued, IssueError> {
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
    pub async fn issue(&self, id: &str, replace: bool) -> Result<Issued, IssueError> {
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

    /// Whether the file names a tenant.
    pub fn is_configured(&self, id: &str) -> bool {
        self.configured.iter().any(|tenant| tenant.id == id)
    }

    fn configured_secret(&self, id: &str) -> Option<String> {
        let tenant = self.configured.iter().find(|tenant| tenant.id == id)?;
        (!tenant.token_secret.is_empty()).then(|| tenant.token_secret.reveal().to_owned())
    }
}

/// Whether a tenant can have this id.
pub(super) fn is_sound(id: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=ID_BYTES_MAX).contains(&id.len()) && id.chars().all(is_plain)
}

fn check_name(id: &str) -> Result<(), IssueError> {
    if !is_sound(id) {
        return Err(IssueError::Name(id.to_owned()));
    }
    if id.to_ascii_lowercase().starts_with(SELF_REGISTERED_PREFIX) {
        return Err(IssueError::Reserved(id.to_owned()));
    }
    Ok(())
}

/// Random bytes from the system, as hexadecimal digits.
///
/// # Errors
/// The system has none.
pub fn random_text(bytes: usize) -> Result<String, IssueError> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(IssueError::Random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
