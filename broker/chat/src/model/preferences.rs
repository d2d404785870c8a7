//! What a user wants to be notified of, and when.

use serde::{Deserialize, Serialize};

/// What a user wants to be notified of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Preferences {
    /// Anything at all.
    pub push_enabled: bool,
    /// Messages.
    pub new_messages: bool,
    /// Messages that name the user.
    pub mentions: bool,
    /// Reactions to the user's messages.
    pub reactions: bool,
    /// Becoming a member of a channel.
    pub channel_invites: bool,
    /// Answers in threads of the user.
    pub thread_replies: bool,
    /// Nothing within the quiet hours.
    pub quiet_hours_enabled: bool,
    /// Their first minute, `HH:MM`.
    pub quiet_hours_start: String,
    /// The minute after their last one, `HH:MM`; before the start they last over midnight, equal to it there are none.
    pub quiet_hours_end: String,
    /// The IANA time zone that they are meant in.
    pub timezone: String,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            push_enabled: true,
            new_messages: true,
            mentions: true,
            reactions: false,
            channel_invites: true,
            thread_replies: true,
            quiet_hours_enabled: false,
            quiet_hours_start: "22:00".to_owned(),
            quiet_hours_end: "07:00".to_owned(),
            timezone: "UTC".to_owned(),
        }
    }
}

/// A change of preferences: `None` leaves a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreferencesPatch {
    /// Anything at all.
    pub push_enabled: Option<bool>,
    /// Messages.
    pub new_messages: Option<bool>,
    /// Messages that name the user.
    pub mentions: Option<bool>,
    /// Reactions to the user's messages.
    pub reactions: Option<bool>,
    /// Becoming a member of a channel.
    pub channel_invites: Option<bool>,
    /// Answers in threads of the user.
    pub thread_replies: Option<bool>,
    /// Nothing within the quiet hours.
    pub quiet_hours_enabled: Option<bool>,
    /// `HH:MM`, 00:00 to 23:59.
    pub quiet_hours_start: Option<String>,
    /// `HH:MM`, 00:00 to 23:59.
    pub quiet_hours_end: Option<String>,
    /// Name of an IANA time zone.
    pub timezone: Option<String>,
}

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushKind {
    /// A message.
    NewMessage,
    /// A message that names the user.
    Mention,
    /// A reaction to a message of the user.
    Reaction,
    /// The user has become a member of a channel.
    ChannelInvite,
    /// An answer in a thread of the user.
    ThreadReply,
    /// What no preference names; only [`Preferences::push_enabled`] and the quiet hours hold it back.
    Other,
}
