//! Preferences, and what they hold back.

use proptest::prelude::*;

use super::{may_push, minute_of_day};
use crate::error::ChatError;
use crate::model::{Preferences, PreferencesPatch, PushKind};
use crate::testing::{chat, demo};

const HOUR_MS: i64 = 60 * 60 * 1_000;

fn quiet(start: &str, end: &str, timezone: &str) -> Preferences {
    Preferences {
        quiet_hours_enabled: true,
        quiet_hours_start: start.to_owned(),
        quiet_hours_end: end.to_owned(),
        timezone: timezone.to_owned(),
        ..Preferences::default()
    }
}

/// Unix milliseconds of a UTC time.
fn at(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[tokio::test]
async fn a_patch_leaves_what_it_does_not_name() {
    let chat = chat();
    assert_eq!(chat.preferences(&demo(), "alice").await.unwrap(), Preferences::default());
    let patch = PreferencesPatch { reactions: Some(true), ..PreferencesPatch::default() };
    chat.change_preferences(&demo(), "alice", patch).await.unwrap();
    let patch = PreferencesPatch { timezone: Some("europe/berlin".into()), ..PreferencesPatch::default() };
    let changed = chat.change_preferences(&demo(), "alice", patch).await.unwrap();
    let expected = Preferences { reactions: true, timezone: "Europe/Berlin".into(), ..Preferences::default() };
    assert_eq!(changed, expected);
    assert_eq!(chat.preferences(&demo(), "alice").await.unwrap(), expected);
    assert_eq!(chat.preferences(&demo(), "bob").await.unwrap(), Preferences::default());
}

#[tokio::test]
async fn times_and_zones_that_cannot_be_taken_are_named() {
    let chat = chat();
    for text in ["24:00", "7:00", "07:60", "0700", "07:00:00", "+7:00", ""] {
        let start = PreferencesPatch { quiet_hours_start: Some(text.into()), ..PreferencesPatch::default() };
        let end = PreferencesPatch { quiet_hours_end: Some(text.into()), ..PreferencesPatch::default() };
        for (expected, patch) in [("quietHoursStart", start), ("quietHoursEnd", end)] {
            let refused = chat.change_preferences(&demo(), "alice", patch).await;
            assert!(matches!(&refused, Err(ChatError::Invalid { field, .. }) if *field == expected), "{refused:?}");
        }
    }
    for zone in ["Mars/Olympus", "", "../etc/passwd", "+02:00"] {
        let patch = PreferencesPatch { timezone: Some(zone.into()), ..PreferencesPatch::default() };
        let refused = chat.change_preferences(&demo(), "alice", patch).await;
        assert!(matches!(refused, Err(ChatError::Invalid { field: "timezone", .. })), "{zone}");
    }
}

#[test]
fn each_kind_has_its_switch_and_one_is_above_all() {
    let none = Preferences {
        new_messages: false,
        mentions: false,
        reactions: false,
        channel_invites: false,
        thread_replies: false,
        ..Preferences::default()
    };
    let cases = [
        (PushKind::NewMessage, Preferences { new_messages: true, ..none.clone() }),
        (PushKind::Mention, Preferences { mentions: true, ..none.clone() }),
        (PushKind::Reaction, Preferences { reactions: true, ..none.clone() }),
        (PushKind::ChannelInvite, Preferences { channel_invites: true, ..none.clone() }),
        (PushKind::ThreadReply, Preferences { thread_replies: true, ..none.clone() }),
    ];
    for (kind, only) in &cases {
        for (other, _) in &cases {
            assert_eq!(may_push(only, *other, 0), kind == other, "{kind:?} {other:?}");
        }
        assert!(!may_push(&Preferences { push_enabled: false, ..only.clone() }, *kind, 0));
    }
    assert!(may_push(&none, PushKind::Other, 0));
}

#[test]
fn quiet_hours_wrap_midnight() {
    let night = quiet("22:00", "07:00", "UTC");
    for (time, is_quiet) in [
        ("2026-01-01T21:59:59Z", false),
        ("2026-01-01T22:00:00Z", true),
        ("2026-01-01T00:00:00Z", true),
        ("2026-01-01T06:59:59Z", true),
        ("2026-01-01T07:00:00Z", false),
    ] {
        assert_eq!(may_push(&night, PushKind::NewMessage, at(time)), !is_quiet, "{time}");
        let disabled = Preferences { quiet_hours_enabled: false, ..night.clone() };
        assert!(may_push(&disabled, PushKind::NewMessage, at(time)));
    }
}

#[test]
fn quiet_hours_are_meant_in_the_users_zone_in_summer_and_winter() {
    let night = quiet("22:00", "07:00", "Europe/Berlin");
    for (time, is_quiet) in [
        ("2026-01-15T20:59:00Z", false),
        ("2026-01-15T21:00:00Z", true),
        ("2026-07-15T19:59:00Z", false),
        ("2026-07-15T20:00:00Z", true),
        ("2026-07-15T05:00:00Z", false),
        ("2026-01-15T05:59:00Z", true),
    ] {
        assert_eq!(may_push(&night, PushKind::Mention, at(time)), !is_quiet, "{time}");
    }
    let half_hour = quiet("22:00", "07:00", "Asia/Kolkata");
    assert!(!may_push(&half_hour, PushKind::Mention, at("2026-01-15T16:30:00Z")));
    assert!(may_push(&half_hour, PushKind::Mention, at("2026-01-15T16:29:00Z")));
}

proptest! {
    #[test]
    fn quiet_and_its_opposite_share_the_day(start in 0..1_440_u16, end in 0..1_440_u16, now in 0..24 * HOUR_MS) {
        prop_assume!(start != end);
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let one = may_push(&quiet(&clock(start), &clock(end), "UTC"), PushKind::Other, now);
        let other = may_push(&quiet(&clock(end), &clock(start), "UTC"), PushKind::Other, now);
        prop_assert_ne!(one, other);
        prop_assert!(may_push(&quiet(&clock(start), &clock(start), "UTC"), PushKind::Other, now));
    }

    #[test]
    fn a_time_of_day_is_read_as_it_is_written(minute in 0..1_440_u16, text in ".{0,6}") {
        let written = format!("{:02}:{:02}", minute / 60, minute % 60);
        prop_assert_eq!(minute_of_day(&written), Some(minute));
        if let Some(minute) = minute_of_day(&text) {
            prop_assert_eq!(format!("{:02}:{:02}", minute / 60, minute % 60), text);
        }
    }
}
