//! Notifications that a document words itself.

use std::collections::BTreeMap;

use natter_core::{EntityId, TenantId};
use natter_outbox::push::PushMessage;
use serde::{Deserialize, Serialize};

use super::FollowUps;
use super::audience::{Audience, Notified};
use super::pushes::{Cause, Spread};
use crate::error::ChatError;
use crate::model::PushKind;

/// Users of one notice; whoever has more makes several of them.
pub const NOTICE_USERS_MAX: usize = 1_000;

/// Something that a document tells users on their devices, whether or not they are connected.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// The channel that it is about.
    pub channel: EntityId,
    /// Who is told; at most [`NOTICE_USERS_MAX`].
    pub users: Vec<String>,
    /// First line.
    pub title: String,
    /// Text.
    pub body: String,
    /// For the app: names and texts.
    pub data: BTreeMap<String, String>,
    /// Whether it is an invitation, which users may not want to be told of.
    pub is_invite: bool,
}

impl FollowUps {
    /// Queues a notice for the devices of its users, in the order of its channel's other notifications.
    ///
    /// # Errors
    /// It cannot be queued now.
    pub async fn push(&self, tenant: &TenantId, notice: Notice) -> Result<(), ChatError> {
        if !self.has_pushes || notice.users.is_empty() {
            return Ok(());
        }
        let spread = Spread { channel: notice.channel, cause: Cause::Notice(notice) };
        self.enqueue(spread.into_job(tenant)?).await
    }
}

/// Whom a notice goes to, and as what.
pub(super) fn audience(notice: &Notice) -> Audience {
    let kind = if notice.is_invite { PushKind::ChannelInvite } else { PushKind::Other };
    let notified = notice.users.iter().map(|user| Notified { user: user.clone(), kind }).collect();
    let Notice { channel, title, body, data, .. } = notice.clone();
    let message = PushMessage { title, body, data, channel_id: Some(channel.to_uuid()), ..PushMessage::default() };
    Audience { message, notified }
}
