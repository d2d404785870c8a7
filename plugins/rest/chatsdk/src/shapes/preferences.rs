//! What a user wants to be notified of.

use natter_chat::{Preferences, PreferencesPatch};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// All preferences.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkPreferences {
    push_enabled: bool,
    new_messages: bool,
    mentions: bool,
    reactions: bool,
    channel_invites: bool,
    thread_replies: bool,
    quiet_hours_enabled: bool,
    /// `HH:MM`.
    quiet_hours_start: String,
    /// `HH:MM`.
    quiet_hours_end: String,
    /// The IANA time zone of the quiet hours.
    timezone: String,
}

impl From<Preferences> for ChatSdkPreferences {
    fn from(preferences: Preferences) -> Self {
        Self {
            push_enabled: preferences.push_enabled,
            new_messages: preferences.new_messages,
            mentions: preferences.mentions,
            reactions: preferences.reactions,
            channel_invites: preferences.channel_invites,
            thread_replies: preferences.thread_replies,
            quiet_hours_enabled: preferences.quiet_hours_enabled,
            quiet_hours_start: preferences.quiet_hours_start,
            quiet_hours_end: preferences.quiet_hours_end,
            timezone: preferences.timezone,
        }
    }
}

/// A change of preferences: what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ChatSdkPreferencesPatch {
    push_enabled: Option<bool>,
    new_messages: Option<bool>,
    mentions: Option<bool>,
    reactions: Option<bool>,
    channel_invites: Option<bool>,
    thread_replies: Option<bool>,
    quiet_hours_enabled: Option<bool>,
    quiet_hours_start: Option<String>,
    quiet_hours_end: Option<String>,
    timezone: Option<String>,
}

impl From<ChatSdkPreferencesPatch> for PreferencesPatch {
    fn from(patch: ChatSdkPreferencesPatch) -> Self {
        Self {
            push_enabled: patch.push_enabled,
            new_messages: patch.new_messages,
            mentions: patch.mentions,
            reactions: patch.reactions,
            channel_invites: patch.channel_invites,
            thread_replies: patch.thread_replies,
            quiet_hours_enabled: patch.quiet_hours_enabled,
            quiet_hours_start: patch.quiet_hours_start,
            quiet_hours_end: patch.quiet_hours_end,
            timezone: patch.timezone,
        }
    }
}

/// The preferences here, and those that Novu has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkPreferencesAnswer {
    pub(crate) preferences: ChatSdkPreferences,
    pub(crate) novu_preferences: ChatSdkNovuPreferences,
}

/// Novu's preferences of the user; empty without Novu, and while it does not answer.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ChatSdkNovuPreferences {
    /// The channels that the user has allowed for all workflows or not.
    channels: Vec<ChatSdkNovuChannel>,
    /// As Novu has them.
    #[schema(value_type = Vec<Object>)]
    workflows: Vec<Value>,
}

/// A way that Novu reaches users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkNovuChannel {
    /// `push`, `email`, `sms`, `chat` or `in_app`.
    #[serde(rename = "type")]
    kind: String,
    enabled: bool,
}

impl ChatSdkNovuPreferences {
    /// What Novu answers, `{global: {channels: {push: true, …}}, workflows: […]}`, in the document's form.
    pub(crate) fn of(answer: &Value) -> Self {
        let channels = answer.pointer("/global/channels").and_then(Value::as_object).into_iter().flatten();
        let channels =
            channels.map(|(kind, enabled)| ChatSdkNovuChannel { kind: kind.clone(), enabled: *enabled == true });
        let workflows = answer.get("workflows").and_then(Value::as_array).into_iter().flatten();
        Self { channels: channels.collect(), workflows: workflows.filter(|each| each.is_object()).cloned().collect() }
    }
}
