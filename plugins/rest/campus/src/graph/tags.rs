//! Tags of categories.

use natter_chat::ChatError;
use natter_chat::rows::Table;
use natter_core::TenantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Graph;

/// Tags: partition the category.
const TAGS: Table<Vec<Tag>> = Table::new("campus_tags");

/// A tag of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Tag)]
pub(crate) struct Tag {
    pub(crate) tag: String,
    pub(crate) label: String,
}

impl Graph {
    /// The tags of a category; none for one that the backend has not told of.
    pub(crate) async fn tags(&self, tenant: &TenantId, category: &str) -> Result<Vec<Tag>, ChatError> {
        Ok(TAGS.get(&*self.store, tenant, category, "").await?.map(|row| row.value).unwrap_or_default())
    }

    /// Replaces the tags of a category; the turn is held.
    pub(super) async fn set_tags(&self, tenant: &TenantId, category: &str, tags: &Vec<Tag>) -> Result<(), ChatError> {
        TAGS.set(&*self.store, tenant, category, "", tags).await
    }

    /// Removes the tags of a category; the turn is held.
    pub(super) async fn remove_tags(&self, tenant: &TenantId, category: &str) -> Result<(), ChatError> {
        TAGS.remove(&*self.store, tenant, category, "").await
    }
}
