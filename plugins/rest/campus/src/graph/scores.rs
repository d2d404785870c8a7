//! Users' social scores, which grow by what they do here.

use natter_chat::ChatError;
use natter_chat::rows::Table;
use natter_core::TenantId;

use super::Graph;

/// Scores: partition the user.
const SCORES: Table<i64> = Table::new("campus_scores");
/// Chats whose joining has counted: partition the user, row the chat.
const JOINED: Table<()> = Table::new("campus_joined");
/// What joining a chat counts.
const JOIN_POINTS: i64 = 10;

impl Graph {
    /// Counts the joining of a chat, once. Answers with the score that a user has then, if it has changed.
    pub(crate) async fn count_join(&self, tenant: &TenantId, user: &str, chat: &str) -> Result<Option<i64>, ChatError> {
        if JOINED.create(&*self.store, tenant, user, chat, &()).await?.is_some() {
            return Ok(None);
        }
        let more = |score: Option<&i64>| Ok::<_, ChatError>(Some(score.map_or(0, |score| *score) + JOIN_POINTS));
        Ok(SCORES.update(&*self.store, tenant, user, "", more).await?.map(|row| row.value))
    }

    /// Sets a user's score.
    pub(super) async fn set_score(&self, tenant: &TenantId, user: &str, score: i64) -> Result<(), ChatError> {
        let set = |known: Option<&i64>| Ok::<_, ChatError>((known != Some(&score)).then_some(score));
        SCORES.update(&*self.store, tenant, user, "", set).await.map(|_| ())
    }

    /// Forgets a user's score.
    pub(super) async fn remove_score(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        SCORES.delete(&*self.store, tenant, user, "").await.map(|_| ())
    }
}
