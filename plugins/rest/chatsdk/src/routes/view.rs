//! What several routes put together: members with their names, a channel with its first members.

use std::future::Future;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::{ChannelOverview, ChatError, Member, UserBrief};
use natter_core::TenantId;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::Answer;
use crate::shapes::channel::ChatSdkChannelDetail;
use crate::shapes::member::ChatSdkMember;

/// Members that a channel's detail names.
const FIRST_MEMBERS: usize = 100;
/// Calls of the domain that one request makes side by side.
const AT_ONCE: usize = 16;

/// Members with their users' present names.
pub(super) async fn members(api: &Api, tenant: &TenantId, members: &[Member]) -> Answer<Vec<ChatSdkMember>> {
    let shown = named(api, tenant, members).await?.into_iter().map(|(user, member)| {
        let online = api.chat().is_online(tenant, &user.id);
        ChatSdkMember::new(user, member.role, member.joined_at, online)
    });
    Ok(shown.collect())
}

/// Members beside their users.
pub(super) async fn named<'a>(
    api: &Api,
    tenant: &TenantId,
    members: &'a [Member],
) -> Answer<Vec<(UserBrief, &'a Member)>> {
    let ids: Vec<String> = members.iter().map(|member| member.user.clone()).collect();
    let users = api.chat().users_brief(tenant, &ids).await?;
    Ok(users.into_iter().zip(members).collect())
}

/// All of a channel, for somebody who may see it.
pub(super) async fn channel(api: &Api, caller: &Caller, overview: ChannelOverview) -> Answer<ChatSdkChannelDetail> {
    let mut all = api.chat().members(caller.tenant(), caller.id(), overview.channel.id).await?;
    all.truncate(FIRST_MEMBERS);
    let first = members(api, caller.tenant(), &all).await?;
    Ok(ChatSdkChannelDetail::new(overview, first))
}

/// Does some things side by side, and keeps their order.
pub(super) async fn each<T: Send>(calls: Vec<impl Future<Output = Result<T, ChatError>> + Send>) -> Answer<Vec<T>> {
    Ok(stream::iter(calls).buffered(AT_ONCE).boxed().try_collect().await?)
}
