//! Spans of time in the configuration: a number of seconds, or text with units such as "300s", "1h30m" or "250ms".

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};

/// No configured span is longer than this; keeps arithmetic on clocks safe.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Reads a span for serde, as `#[serde(deserialize_with = "duration::deserialize")]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_any(SpanVisitor)
}

/// Reads text with units. A bare number is seconds.
pub fn parse(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return from_seconds(seconds);
    }
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        total = total.checked_add(from_seconds(number.parse::<f64>().ok()? * unit_seconds(unit)?)?)?;
        rest = tail;
    }
    Some(total).filter(|total| !text.trim().is_empty() && *total <= LONGEST)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    })
}

fn from_seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|span| *span <= LONGEST)
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds as a number, or a text such as \"300s\" or \"1h30m\"")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Duration, E> {
        let span = u64::try_from(seconds).ok().map(Duration::from_secs).filter(|span| *span <= LONGEST);
        span.ok_or_else(|| E::custom(format_args!("{seconds} seconds is not a usable span of time")))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Duration, E> {
        from_seconds(seconds).ok_or_else(|| E::custom(format_args!("{seconds} seconds is not a usable span of time")))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        parse(text)
            .ok_or_else(|| E::custom(format_args!("{text:?} is not a span of time such as \"300s\" or \"1h30m\"")))
    }
}
