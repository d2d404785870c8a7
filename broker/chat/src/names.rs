//! Names of the broker's channels that belong to the domain.

use std::sync::{Arc, LazyLock};

use natter_core::{ChannelKey, ChannelOptions, EntityId, TenantId};

const CHAT: &str = "chat";
const USER: &str = "user";

/// Events that a client that was away can recover.
const RECOVERABLE_EVENTS: usize = 1_000;
/// How long a client can be away and recover, in milliseconds.
const RECOVERABLE_MS: i64 = 5 * 60 * 1_000;

/// Which of the domain's channels a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// A chat channel's log.
    Chat(EntityId),
    /// What concerns one user.
    User(String),
}

/// The broker's channel of a chat channel: `chat:{tenant}:{id as a UUID}`.
pub fn chat_channel(tenant: &TenantId, channel: EntityId) -> String {
    format!("{CHAT}:{}:{}", tenant.as_str(), channel.to_uuid())
}

/// The broker's channel of a user: `user:{tenant}:{id}`, in which `%` and `:` of the id are written `%25` and `%3A`.
pub fn user_channel(tenant: &TenantId, user: &str) -> String {
    let user = user.replace('%', "%25").replace(':', "%3A");
    format!("{USER}:{}:{user}", tenant.as_str())
}

pub(crate) fn chat_key(tenant: &TenantId, channel: EntityId) -> ChannelKey {
    ChannelKey::new(tenant.clone(), chat_channel(tenant, channel).as_str())
}

pub(crate) fn user_key(tenant: &TenantId, user: &str) -> ChannelKey {
    ChannelKey::new(tenant.clone(), user_channel(tenant, user).as_str())
}

/// Reads a name. `None` when it is none of this tenant's.
pub(crate) fn parse(tenant: &TenantId, name: &str) -> Option<Name> {
    let (kind, rest) = name.split_once(':')?;
    let rest = rest.strip_prefix(tenant.as_str())?.strip_prefix(':')?;
    match kind {
        CHAT => EntityId::parse_uuid(rest).filter(|id| id.to_uuid() == rest).map(Name::Chat),
        USER => unescape(rest).map(Name::User),
        _ => None,
    }
}

/// Only what [`user_channel`] writes is read, so that a user has one channel.
fn unescape(text: &str) -> Option<String> {
    let user = text.replace("%3A", ":").replace("%25", "%");
    (!user.is_empty() && user.replace('%', "%25").replace(':', "%3A") == text).then_some(user)
}

/// The options of a channel by its namespace: a chat channel keeps its whole log, a user's channel keeps nothing.
pub(crate) fn options(name: &str) -> Arc<ChannelOptions> {
    static LOG: LazyLock<Arc<ChannelOptions>> = LazyLock::new(|| {
        Arc::new(ChannelOptions {
            history_size: RECOVERABLE_EVENTS,
            history_ttl_ms: RECOVERABLE_MS,
            recovery_limit: RECOVERABLE_EVENTS,
            durable: true,
            keeps_log: true,
            observed: true,
            ..ChannelOptions::default()
        })
    });
    static NOTICES: LazyLock<Arc<ChannelOptions>> = LazyLock::new(Arc::default);
    let is_chat = name.split(':').next() == Some(CHAT);
    Arc::clone(if is_chat { &LOG } else { &NOTICES })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let (tenant, id) = (TenantId::new("demo"), EntityId([7; 12]));
        assert_eq!(parse(&tenant, &chat_channel(&tenant, id)), Some(Name::Chat(id)));
        for user in ["alice", "a:b%c", "%3A", "%253A", "a|b+c@d"] {
            assert_eq!(parse(&tenant, &user_channel(&tenant, user)), Some(Name::User(user.to_owned())), "{user}");
        }
    }

    #[test]
    fn other_spellings_and_other_tenants_are_no_names() {
        let tenant = TenantId::new("demo");
        let upper = chat_channel(&tenant, EntityId([0xab; 12])).to_ascii_uppercase().replace("CHAT:DEMO", "chat:demo");
        for name in
            ["chat:other:07070707-0707-8070-8070-707070000000", "user:demo:a:b", "user:demo:", "user:demo:%3a", &upper]
        {
            assert_eq!(parse(&tenant, name), None, "{name}");
        }
    }
}
