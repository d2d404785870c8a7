//! Users as the document shows them.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::ChatError;
use natter_core::TenantId;

use super::AT_ONCE;
use crate::campus::Campus;
use crate::errors::Answer;
use crate::shapes::user::CampusUser;

/// Users by their ids in the domain.
#[derive(Debug, Default)]
pub(crate) struct People(HashMap<String, CampusUser>);

impl People {
    /// A user that was asked for.
    pub(crate) fn get(&self, id: &str) -> Option<&CampusUser> {
        self.0.get(id)
    }
}

impl Campus {
    /// Users by their ids in the domain; deleted ones without their names.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn people(&self, tenant: &TenantId, ids: impl IntoIterator<Item = &str> + Send) -> Answer<People> {
        let mut ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        ids.sort_unstable();
        ids.dedup();
        let looks = stream::iter(ids).map(|id| async move {
            let user = self.person(tenant, &id).await?;
            Ok::<_, ChatError>((id, user))
        });
        let found: Vec<_> = looks.buffered(AT_ONCE).boxed().try_collect().await?;
        Ok(People(found.into_iter().collect()))
    }

    /// One user.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn person(&self, tenant: &TenantId, id: &str) -> Result<CampusUser, ChatError> {
        if let Some(user) = self.chat().user(tenant, id).await? {
            return Ok(CampusUser::of(&user));
        }
        let briefs = self.chat().users_brief(tenant, &[id.to_owned()]).await?;
        briefs.into_iter().next().map(CampusUser::brief).ok_or(ChatError::Internal)
    }

    /// Ids in the domain of users who are named by their digits.
    ///
    /// # Errors
    /// 404 when one of them is not there.
    pub(crate) async fn user_ids(
        &self,
        tenant: &TenantId,
        ids: &[crate::shapes::value::CampusId],
    ) -> Answer<Vec<String>> {
        let looks = stream::iter(ids).map(|id| self.chat().user_by_entity(tenant, id.0));
        let found: Vec<_> = looks.buffered(AT_ONCE).boxed().try_collect().await?;
        found.into_iter().map(|user| user.map(|user| user.id.clone()).ok_or(crate::errors::Problem::NO_USER)).collect()
    }
}
