//! The group chats of a tenant by name, for those who look for one. Only groups that were made here are found: those of other
//! APIs are by invitation.

use natter_chat::ChatError;
use natter_chat::rows::Table;
use natter_core::{EntityId, TenantId};
use serde::{Deserialize, Serialize};

use super::extra::ChatExtra;
use super::view::Seen;
use crate::campus::Campus;

/// Groups: partition none, row the chat.
const COMMUNITIES: Table<Community> = Table::new("campus_communities");
/// Groups that a search looks at.
const COMMUNITIES_MAX: usize = 100_000;

/// What is found of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Community {
    /// In lower case.
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) category: Option<String>,
    /// The id of the picture, if it was uploaded here: it goes with the chat.
    #[serde(default)]
    pub(crate) photo: Option<String>,
}

impl Community {
    fn of(seen: &Seen) -> Self {
        let extra = ChatExtra::of(&seen.channel);
        Self { name: seen.channel.name.to_lowercase(), category: extra.category, photo: extra.photo }
    }
}

impl Campus {
    /// Ids of the groups whose name has a text in it, in lower case.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn communities(
        &self,
        tenant: &TenantId,
        search: &str,
        category: Option<&str>,
    ) -> Result<Vec<EntityId>, ChatError> {
        let rows = COMMUNITIES.all(self.store(), tenant, "", COMMUNITIES_MAX).await?;
        let matching = rows.iter().filter(|(_, row)| {
            let Community { name, category: own, .. } = &row.value;
            name.contains(search) && category.is_none_or(|category| own.as_deref() == Some(category))
        });
        Ok(matching.filter_map(|(id, _)| EntityId::parse_hex(id)).collect())
    }

    /// Has a group found.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn enter_community(&self, tenant: &TenantId, seen: &Seen) -> Result<(), ChatError> {
        let community = Community::of(seen);
        let changed =
            |known: Option<&Community>| Ok::<_, ChatError>((known != Some(&community)).then(|| community.clone()));
        COMMUNITIES.update(self.store(), tenant, "", &seen.channel.id.to_hex(), changed).await.map(|_| ())
    }

    /// Takes over what has changed of a group that is found.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn refresh_community(&self, tenant: &TenantId, seen: &Seen) -> Result<(), ChatError> {
        let community = Community::of(seen);
        let changed = |known: Option<&Community>| {
            Ok::<_, ChatError>(known.filter(|known| **known != community).map(|_| community.clone()))
        };
        COMMUNITIES.update(self.store(), tenant, "", &seen.channel.id.to_hex(), changed).await.map(|_| ())
    }

    /// Removes a group that is gone. Answers with what was known of it.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn leave_communities(
        &self,
        tenant: &TenantId,
        chat: EntityId,
    ) -> Result<Option<Community>, ChatError> {
        COMMUNITIES.delete(self.store(), tenant, "", &chat.to_hex()).await
    }
}
