//! `GET /chats` and `GET /chats/:id`.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::ChannelOverview;

use super::AT_ONCE;
use super::extra::{ChatExtra, is_chat, is_group};
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::Answer;
use crate::shapes::chat::{CampusChat, CampusChats, CampusChatsQuery};

impl Campus {
    /// The caller's chats, the last changed one first.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn chats(&self, caller: &Caller, query: CampusChatsQuery) -> Answer<CampusChats> {
        let mut all = self.chat().channels(caller.tenant(), caller.id(), None).await?;
        all.retain(|overview| is_chat(&overview.channel) && is_asked_for(overview, &query));
        if let Some(search) = query.search.as_deref().map(str::trim).filter(|search| !search.is_empty()) {
            all = self.named(caller, all, &search.to_lowercase()).await?;
        }
        all.sort_by_key(|overview| {
            let updated_at = overview.channel.updated_at.max(overview.activity_at);
            (std::cmp::Reverse(updated_at), std::cmp::Reverse(overview.channel.id))
        });
        let count = all.len();
        let page = all.into_iter().skip(query.page.offset(query.limit.get())).take(query.limit.get());
        let views = stream::iter(page).map(|overview| self.shown_to(caller, overview));
        Ok(CampusChats { chats: views.buffered(AT_ONCE).boxed().try_collect().await?, count })
    }

    /// One of the caller's chats.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn one_chat(&self, caller: &Caller, id: &str) -> Answer<CampusChat> {
        let (overview, _) = self.own(caller, id).await?;
        self.shown_to(caller, overview).await
    }

    /// Those whose name has a text in it, in lower case. A chat of two has the other one's name.
    async fn named(&self, caller: &Caller, all: Vec<ChannelOverview>, search: &str) -> Answer<Vec<ChannelOverview>> {
        let looks = stream::iter(all).map(|overview| async move {
            let name = self.name_for(caller, &overview).await?;
            Ok::<_, crate::errors::Problem>(name.to_lowercase().contains(search).then_some(overview))
        });
        let found: Vec<_> = looks.buffered(AT_ONCE).boxed().try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn name_for(&self, caller: &Caller, overview: &ChannelOverview) -> Answer<String> {
        if is_group(&overview.channel) {
            return Ok(overview.channel.name.clone());
        }
        let members = self.chat().members_unasked(caller.tenant(), overview.channel.id).await?;
        match members.iter().find(|member| member.user != caller.id()) {
            Some(other) => Ok(self.person(caller.tenant(), &other.user).await?.name),
            None => Ok(String::new()),
        }
    }
}

/// The filters of the query; that of connections concerns chats of two only.
fn is_asked_for(overview: &ChannelOverview, query: &CampusChatsQuery) -> bool {
    let is_group = is_group(&overview.channel);
    let is_meet_me = || ChatExtra::of(&overview.channel).meet_me.is_some();
    query.group.is_none_or(|group| group == is_group) && (is_group || !query.meet_me_only || is_meet_me())
}
