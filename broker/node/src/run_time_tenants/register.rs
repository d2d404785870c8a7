//! Tenants that register themselves: each has a row from its first moment, and keys only when it is given some.

use std::sync::Arc;

use natter_store::{Store, StoreError};
use thiserror::Error;

use super::issue::is_sound;
use super::{SELF_REGISTERED_PREFIX, StoredTenant, overlay, rows};
use crate::config;
use crate::tenant::{Tenant, Tenants};

/// Tries to write a row that somebody else writes at the same time.
const WRITES_MAX: usize = 8;

/// Why a tenant was not made.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// The name has a character that it cannot have, or is too long.
    #[error("the name cannot be a tenant's")]
    Name,
    /// Somebody else writes the row as well, again and again.
    #[error("the tenant is being changed by somebody else")]
    Busy,
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The tenant of a name, made if it is not there: its id is [`SELF_REGISTERED_PREFIX`] and the name. Once this returns,
/// the node serves it, and serves it after a restart.
///
/// # Errors
/// See [`RegisterError`].
pub async fn register(store: &dyn Store, tenants: &Tenants, name: &str) -> Result<Arc<Tenant>, RegisterError> {
    let id = format!("{SELF_REGISTERED_PREFIX}{name}");
    if let Some(tenant) = tenants.get(&id) {
        return Ok(tenant);
    }
    if !is_sound(&id) {
        return Err(RegisterError::Name);
    }
    for _ in 0..WRITES_MAX {
        let (version, mut row) = rows::get(store, &id).await?;
        if !row.added {
            row.format = 1;
            row.added = true;
            if !rows::put(store, &id, version, &row).await? {
                continue;
            }
        }
        return Ok(tenants.ensure(settings(id, &row)));
    }
    Err(RegisterError::Busy)
}

fn settings(id: String, row: &StoredTenant) -> config::Tenant {
    let mut settings = config::Tenant { id, ..config::Tenant::default() };
    overlay(&mut settings, row);
    settings
}
