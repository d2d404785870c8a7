//! What the document tells users on their devices.

use std::collections::BTreeMap;

use natter_chat::{Channel, NOTICE_USERS_MAX, Notice};
use natter_core::TenantId;

use crate::campus::Campus;

/// Something that users are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// A group chat with the user has been made.
    Created,
    /// The user has been made a participant.
    Joined,
    /// The user is no participant any more.
    AccessRemoved,
    /// The user is an admin now.
    AdminGranted,
    /// The user is no admin any more.
    AdminRemoved,
}

impl Told {
    /// The document's name of the event.
    fn event(self) -> &'static str {
        match self {
            Self::Created => "chat-created",
            Self::Joined => "chat-joined",
            Self::AccessRemoved => "chat-access-removed",
            Self::AdminGranted => "chat-admin-access-granted",
            Self::AdminRemoved => "chat-admin-access-removed",
        }
    }

    fn words(self, by: &str) -> String {
        match self {
            Self::Created => format!("{by} created this chat with you"),
            Self::Joined => format!("{by} added you"),
            Self::AccessRemoved => format!("{by} removed you"),
            Self::AdminGranted => format!("{by} made you an admin"),
            Self::AdminRemoved => format!("{by} removed your admin access"),
        }
    }
}

impl Campus {
    /// Queues what users are told of a group chat. What cannot be queued is not told: the call has been done.
    pub(crate) async fn push(&self, tenant: &TenantId, told: Told, channel: &Channel, by: &str, users: Vec<String>) {
        for users in users.chunks(NOTICE_USERS_MAX) {
            let data = [("event", told.event().to_owned()), ("chat", channel.id.to_hex())];
            let notice = Notice {
                channel: channel.id,
                users: users.to_vec(),
                title: channel.name.clone(),
                body: told.words(by),
                data: data.into_iter().map(|(name, text)| (name.to_owned(), text)).collect::<BTreeMap<_, _>>(),
                is_invite: matches!(told, Told::Created | Told::Joined),
            };
            if let Err(error) = self.follow_ups().push(tenant, notice).await {
                tracing::warn!(event = told.event(), %error, "users are not told on their devices");
            }
        }
    }
}
