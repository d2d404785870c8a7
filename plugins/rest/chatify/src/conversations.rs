//! Conversations: making, finding, listing.

use futures_util::stream::{self, StreamExt};
use natter_chat::{ChannelType, ChatError, Conversation, NewChannel};
use natter_core::{EntityId, TenantId};
use natter_rest::{InRange, Rejection};
use serde::Deserialize;
use serde_json::Map;
use utoipa::{IntoParams, ToSchema};

use crate::admission::Caller;
use crate::chatify::Chatify;
use crate::check;
use crate::errors::ApiError;
use crate::views::ConversationView;

/// Conversations that are looked at side by side.
const LOOKS_AT_ONCE: usize = 32;

/// Entries of a list, which are made one after the other.
pub(crate) type Entries<T> = natter_rest::Entries<T, ApiError>;

/// `POST /api/v1/conversation`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct NewConversation {
    /// The user to talk to.
    #[schema(example = "672c05fc60f3fb044dc2d12c")]
    pub(crate) receiver_id: String,
}

/// Which conversations.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConversationsQuery {
    /// 1 to 1,000; all without it.
    pub(crate) limit: Option<InRange<1, 1000>>,
    /// A conversation's id: those behind it.
    pub(crate) before: Option<String>,
}

impl Chatify {
    /// Finds the conversation with a user, or makes it; true when it is new.
    ///
    /// # Errors
    /// 400 for what is no id and for oneself, 404 for an unknown user.
    pub(crate) async fn open_conversation(
        &self,
        caller: &Caller,
        new: &NewConversation,
    ) -> Result<(ConversationView, bool), ApiError> {
        let receiver = check::object_id("receiver_id", &new.receiver_id)?;
        if receiver == caller.user().entity {
            return Err(Rejection::invalid("receiver_id", "must be another user").into());
        }
        let receiver = self.chat().user_by_entity(caller.tenant(), receiver).await?.ok_or(ApiError::NO_USER)?;
        let channel = NewChannel {
            kind: ChannelType::Messaging,
            name: String::new(),
            description: None,
            image: None,
            members: vec![receiver.id.clone()],
            workspace: None,
            extra: Map::new(),
        };
        let (made, is_new) = self.chat().create_channel(caller.tenant(), caller.id(), channel).await?;
        let conversation = self.chat().conversation(caller.tenant(), made.channel.id).await?;
        Ok((self.view(caller.tenant(), &conversation, caller.id()).await?, is_new))
    }

    /// The caller's conversations, the one with the newest message first.
    ///
    /// # Errors
    /// 400 for a cursor that is no id, 404 for one that is not among them.
    pub(crate) async fn conversations(
        &self,
        caller: &Caller,
        query: &ConversationsQuery,
    ) -> Result<Entries<ConversationView>, ApiError> {
        let before = query.before.as_deref().map(|before| check::object_id("before", before)).transpose()?;
        let mut ids = self.chat().conversations_of(caller.tenant(), caller.id()).await?;
        if let Some(before) = before {
            let place = ids.iter().position(|id| *id == before);
            ids.drain(..=place.ok_or(ChatError::NotFound(natter_chat::Missing::Channel))?);
        }
        ids.truncate(query.limit.map_or(usize::MAX, |limit| limit.get() as usize));
        let (chatify, caller) = (self.clone(), caller.clone());
        let views = stream::iter(ids).map(move |id| {
            let (chatify, caller) = (chatify.clone(), caller.clone());
            async move { chatify.listed(&caller, id).await.transpose() }
        });
        Ok(views.buffered(LOOKS_AT_ONCE).filter_map(std::future::ready).boxed())
    }

    /// A conversation that the caller takes part in.
    ///
    /// # Errors
    /// 404 when there is none with this id, 403 when it is one of others.
    pub(crate) async fn conversation(&self, caller: &Caller, id: EntityId) -> Result<Conversation, ApiError> {
        let found = self.chat().conversation(caller.tenant(), id).await?;
        let is_own = found.members.iter().any(|(member, _)| member.user == caller.id());
        if is_own { Ok(found) } else { Err(ApiError::NOT_A_PARTICIPANT) }
    }

    /// A conversation as one of its participants sees it.
    pub(crate) async fn view(
        &self,
        tenant: &TenantId,
        conversation: &Conversation,
        viewer: &str,
    ) -> Result<ConversationView, ChatError> {
        let participants = self.participants(tenant, conversation).await?;
        Ok(ConversationView::of(conversation, &participants, viewer))
    }

    /// The ids of the two, first who began it.
    pub(crate) async fn participants(
        &self,
        tenant: &TenantId,
        conversation: &Conversation,
    ) -> Result<Vec<EntityId>, ChatError> {
        let mut users: Vec<String> = conversation.members.iter().map(|(member, _)| member.user.clone()).collect();
        users.sort_unstable_by_key(|user| (*user != conversation.channel.creator, user.clone()));
        let briefs = self.chat().users_brief(tenant, &users).await?;
        Ok(briefs.into_iter().map(|brief| brief.entity).collect())
    }

    /// A conversation of a list; `None` when it has gone meanwhile.
    async fn listed(&self, caller: &Caller, id: EntityId) -> Result<Option<ConversationView>, ApiError> {
        match self.chat().conversation(caller.tenant(), id).await {
            Ok(found) => Ok(Some(self.view(caller.tenant(), &found, caller.id()).await?)),
            Err(ChatError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
