//! Tenants as administration shows them.

use natter_node::config::Tenant;
use natter_store::StoreError;

pub(crate) use natter_node::run_time_tenants::{IssueError, Issued, Tenancy, random_text};

use crate::admin::TenantSummary;

/// Every tenant, without its secrets.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn summaries(tenancy: &Tenancy<'_>) -> Result<Vec<TenantSummary>, StoreError> {
    let summary = |tenant: Tenant| TenantSummary {
        source: if tenancy.is_configured(&tenant.id) { "configuration" } else { "added" }.to_owned(),
        api_keys: tenant.api_keys.len(),
        connections: None,
        id: tenant.id,
    };
    Ok(tenancy.all().await?.into_iter().map(summary).collect())
}
