//! Tenants and keys that are made at run time. They are rows of the store and are merged with what is configured:
//! a tenant of the file keeps what the file says of it and gets the run-time keys on top. A plugin whose clients register
//! themselves makes tenants under a prefix of its own, which no configuration and no administrator can use.
//!
//! Keys and secrets are shown once, in the answer that makes them.

mod issue;
mod register;
mod rows;

use serde::{Deserialize, Serialize};

use crate::config::{Secret, Tenant};

pub use issue::{IssueError, Issued, Tenancy, random_text};
pub use register::{RegisterError, register};

/// Begins the ids of tenants that register themselves; nobody else can make one.
pub const SELF_REGISTERED_PREFIX: &str = "openchat.";

/// What a row holds, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct StoredTenant {
    /// Version of this form: 1.
    format: u8,
    /// Whether the tenant exists because of this row; otherwise the row only holds more keys of a configured one.
    added: bool,
    api_keys: Vec<String>,
    token_secret: String,
    /// The secret before, which is still accepted.
    previous_token_secret: String,
}

/// The tenants that the node serves: those of the file, then those that were added, in the order of their rows.
fn merge(configured: &[Tenant], stored: &[(String, StoredTenant)]) -> Vec<Tenant> {
    let mut tenants = configured.to_vec();
    for (id, row) in stored {
        // No two rows have the same id, so that only what is configured can be there.
        match tenants[..configured.len()].iter_mut().find(|tenant| tenant.id == *id) {
            Some(tenant) => overlay(tenant, row),
            None if row.added => {
                let mut tenant = Tenant { id: id.clone(), ..Tenant::default() };
                overlay(&mut tenant, row);
                tenants.push(tenant);
            }
            None => {}
        }
    }
    tenants
}

fn overlay(tenant: &mut Tenant, row: &StoredTenant) {
    tenant.api_keys.extend(row.api_keys.iter().map(Secret::new));
    if tenant.token_secret.is_empty() {
        tenant.token_secret = Secret::new(row.token_secret.as_str());
        tenant.previous_token_secret = Secret::new(row.previous_token_secret.as_str());
    }
}

#[cfg(test)]
mod tests;
