//! What users want to be notified of.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use natter_core::TenantId;

use crate::chat::Chat;
use crate::error::ChatError;
use crate::model::{Preferences, PreferencesPatch, PushKind};
use crate::rows::Table;

/// Preferences that have been changed: partition the user.
const PREFERENCES: Table<Preferences> = Table::new("chat_preferences");
const MINUTES_OF_HOUR: u16 = 60;
const HOURS_OF_DAY: u16 = 24;

impl Chat {
    /// What a user wants to be notified of; the defaults until it says otherwise.
    ///
    /// # Errors
    /// The store fails.
    pub async fn preferences(&self, tenant: &TenantId, user: &str) -> Result<Preferences, ChatError> {
        let found = PREFERENCES.get(self.store(), tenant, user, "").await?;
        Ok(found.map(|row| row.value).unwrap_or_default())
    }

    /// Changes them. Answers with all of them.
    ///
    /// # Errors
    /// A time is not `HH:MM`, or the time zone is unknown.
    pub async fn change_preferences(
        &self,
        tenant: &TenantId,
        user: &str,
        patch: PreferencesPatch,
    ) -> Result<Preferences, ChatError> {
        let patch = checked(patch)?;
        let written = PREFERENCES.update(self.store(), tenant, user, "", |known| {
            let before = known.cloned().unwrap_or_default();
            let after = patched(&before, &patch);
            Ok::<_, ChatError>((after != before).then_some(after))
        });
        Ok(written.await?.map(|row| row.value).unwrap_or_default())
    }

    /// Removes a deleted user's preferences.
    pub(crate) async fn remove_preferences(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        PREFERENCES.delete(self.store(), tenant, user, "").await.map(|_| ())
    }
}

/// Whether a user wants to be notified of something at a time, in Unix milliseconds.
pub(crate) fn may_push(preferences: &Preferences, kind: PushKind, now_ms: i64) -> bool {
    let is_wanted = match kind {
        PushKind::NewMessage => preferences.new_messages,
        PushKind::Mention => preferences.mentions,
        PushKind::Reaction => preferences.reactions,
        PushKind::ChannelInvite => preferences.channel_invites,
        PushKind::ThreadReply => preferences.thread_replies,
        PushKind::Other => true,
    };
    preferences.push_enabled && is_wanted && !is_quiet(preferences, now_ms)
}

fn is_quiet(preferences: &Preferences, now_ms: i64) -> bool {
    if !preferences.quiet_hours_enabled {
        return false;
    }
    let times = (minute_of_day(&preferences.quiet_hours_start), minute_of_day(&preferences.quiet_hours_end));
    let (Some(start), Some(end)) = times else { return false };
    let Some(now) = minute_in_zone(&preferences.timezone, now_ms) else { return false };
    if start <= end { (start..end).contains(&now) } else { now >= start || now < end }
}

/// The minute of the day that a clock in the zone shows; UTC's in a zone that is no longer known.
fn minute_in_zone(zone: &str, now_ms: i64) -> Option<u16> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(zone);
    Some(u16::from(now.hour().unsigned_abs()) * MINUTES_OF_HOUR + u16::from(now.minute().unsigned_abs()))
}

/// Reads `HH:MM`.
fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let is_plain = |part: &str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
    if !is_plain(hour) || !is_plain(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < HOURS_OF_DAY && minute < MINUTES_OF_HOUR).then_some(hour * MINUTES_OF_HOUR + minute)
}

/// A patch that can be taken, with the zone's name as the database spells it.
fn checked(mut patch: PreferencesPatch) -> Result<PreferencesPatch, ChatError> {
    let times = [("quietHoursStart", &patch.quiet_hours_start), ("quietHoursEnd", &patch.quiet_hours_end)];
    for (field, time) in times {
        if time.as_ref().is_some_and(|time| minute_of_day(time).is_none()) {
            return Err(ChatError::invalid(field, "a time of day as HH:MM"));
        }
    }
    if let Some(name) = &mut patch.timezone {
        let zone = TimeZone::get(name).ok();
        let known = zone.as_ref().and_then(TimeZone::iana_name);
        *name = known.ok_or_else(|| ChatError::invalid("timezone", "the name of an IANA time zone"))?.to_owned();
    }
    Ok(patch)
}

fn patched(before: &Preferences, patch: &PreferencesPatch) -> Preferences {
    let patch = patch.clone();
    Preferences {
        push_enabled: patch.push_enabled.unwrap_or(before.push_enabled),
        new_messages: patch.new_messages.unwrap_or(before.new_messages),
        mentions: patch.mentions.unwrap_or(before.mentions),
        reactions: patch.reactions.unwrap_or(before.reactions),
        channel_invites: patch.channel_invites.unwrap_or(before.channel_invites),
        thread_replies: patch.thread_replies.unwrap_or(before.thread_replies),
        quiet_hours_enabled: patch.quiet_hours_enabled.unwrap_or(before.quiet_hours_enabled),
        quiet_hours_start: patch.quiet_hours_start.unwrap_or_else(|| before.quiet_hours_start.clone()),
        quiet_hours_end: patch.quiet_hours_end.unwrap_or_else(|| before.quiet_hours_end.clone()),
        timezone: patch.timezone.unwrap_or_else(|| before.timezone.clone()),
    }
}

#[cfg(test)]
mod tests;
