//! A tenant's users in order: the buckets of the list, merged.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use natter_core::TenantId;

use super::AT_ONCE;
use super::index::{BUCKETS, LISTED, Listed};
use crate::chat::Chat;
use crate::error::ChatError;
use crate::model::{Profile, User};

/// Users of one answer.
const LIMIT_MAX: usize = 1_000;
/// Rows that are read of a bucket at once.
const PAGE_ROWS: usize = 256;

/// A place in one bucket.
struct Walk {
    bucket: String,
    /// Ids that were read and not yet taken, with what is listed of them.
    rows: VecDeque<(String, Listed)>,
    /// The last row that was read.
    last: Option<String>,
    is_at_end: bool,
}

/// What a query is looked for in.
#[derive(Clone, Copy)]
enum Fields {
    Name,
    NameAndEmail,
}

impl Fields {
    fn have(self, name: &str, email: Option<&str>, query: &str) -> bool {
        let has_email = || email.is_some_and(|email| email.contains(query));
        name.contains(query) || (matches!(self, Self::NameAndEmail) && has_email())
    }
}

impl Chat {
    /// Users in the order of their ids, those of them whose name has `query` as a part, whatever its case. At most 1,000.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list_users(
        &self,
        tenant: &TenantId,
        offset: usize,
        limit: usize,
        query: Option<&str>,
    ) -> Result<Vec<Arc<User>>, ChatError> {
        self.matching_users(tenant, (offset, limit), query.unwrap_or_default(), Fields::Name).await
    }

    /// As [`Self::list_users`], those who have `query` as a part of the name or of the email address.
    ///
    /// # Errors
    /// The store fails.
    pub async fn search_users(
        &self,
        tenant: &TenantId,
        limit: usize,
        query: &str,
    ) -> Result<Vec<Arc<User>>, ChatError> {
        self.matching_users(tenant, (0, limit), query, Fields::NameAndEmail).await
    }

    async fn matching_users(
        &self,
        tenant: &TenantId,
        (offset, limit): (usize, usize),
        query: &str,
        fields: Fields,
    ) -> Result<Vec<Arc<User>>, ChatError> {
        let query = query.to_lowercase();
        let limit = limit.min(LIMIT_MAX);
        let mut walks: Vec<_> = (0..BUCKETS).map(Walk::new).collect();
        let mut passed_over = 0;
        let mut users = Vec::new();
        while users.len() < limit {
            let wanted = (limit - users.len()).saturating_add(offset - passed_over);
            let ids = self.next_ids(tenant, &mut walks, (&query, fields), wanted).await?;
            if ids.is_empty() {
                break;
            }
            let skip = ids.len().min(offset - passed_over);
            passed_over += skip;
            users.extend(self.those_named(tenant, &ids[skip..], (&query, fields)).await?);
        }
        Ok(users)
    }

    /// The next ids in order, at most a page of them.
    async fn next_ids(
        &self,
        tenant: &TenantId,
        walks: &mut [Walk],
        (query, fields): (&str, Fields),
        wanted: usize,
    ) -> Result<Vec<String>, ChatError> {
        let mut ids = Vec::new();
        while ids.len() < wanted.min(PAGE_ROWS) {
            let empty = walks.iter_mut().filter(|walk| walk.rows.is_empty() && !walk.is_at_end);
            try_join_all(empty.map(|walk| self.refill(tenant, walk))).await?;
            let first = walks.iter_mut().filter(|walk| !walk.rows.is_empty());
            let first = first.min_by(|one, other| one.next_id().cmp(&other.next_id()));
            let Some((id, listed)) = first.and_then(|walk| walk.rows.pop_front()) else { break };
            if fields.have(&listed.name, listed.email.as_deref(), query) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    async fn refill(&self, tenant: &TenantId, walk: &mut Walk) -> Result<(), ChatError> {
        let page = LISTED.page(self.store(), tenant, &walk.bucket, walk.last.as_deref(), PAGE_ROWS).await?;
        walk.is_at_end = page.is_empty();
        walk.rows = page.into_iter().map(|(id, listed)| (id, listed.value)).collect();
        walk.last = walk.rows.back().map(|(id, _)| id.clone());
        Ok(())
    }

    async fn those_named(
        &self,
        tenant: &TenantId,
        ids: &[String],
        (query, fields): (&str, Fields),
    ) -> Result<Vec<Arc<User>>, ChatError> {
        let users = stream::iter(ids).map(|id| self.user(tenant, id)).buffered(AT_ONCE).boxed();
        let users: Vec<_> = users.try_collect().await?;
        let is_named = |user: &Arc<User>| {
            let Profile { name, email, .. } = &user.profile;
            let email = email.as_ref().map(|email| email.to_lowercase());
            fields.have(&name.to_lowercase(), email.as_deref(), query)
        };
        Ok(users.into_iter().flatten().filter(is_named).collect())
    }
}

impl Walk {
    fn new(bucket: u64) -> Self {
        Self { bucket: bucket.to_string(), rows: VecDeque::new(), last: None, is_at_end: false }
    }

    fn next_id(&self) -> Option<&str> {
        self.rows.front().map(|(id, _)| id.as_str())
    }
}
