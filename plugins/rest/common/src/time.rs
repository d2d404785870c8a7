//! Times as documents write them: ISO 8601 in UTC, with milliseconds.

use jiff::Timestamp;

/// A time in Unix milliseconds as `2024-05-14T10:00:00.000Z`. One that no calendar has is the epoch.
pub fn iso(unix_ms: i64) -> String {
    format!("{:.3}", Timestamp::from_millisecond(unix_ms).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn times_have_milliseconds_and_a_zone() {
        assert_eq!(iso(1_715_680_800_000), "2024-05-14T10:00:00.000Z");
        assert_eq!(iso(1_715_680_800_007), "2024-05-14T10:00:00.007Z");
        assert_eq!(iso(i64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
