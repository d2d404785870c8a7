//! Text for people: aligned lines, numbers with thousands, and progress on a terminal.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use super::hdr::Quantiles;
use super::process::Usage;

/// Reasons of one kind that a report keeps.
const REASONS_MAX: usize = 16;

/// Keeps a reason for the report unless it is known or enough are.
pub fn keep_reason(reasons: &mut Vec<String>, reason: String) {
    if reasons.len() < REASONS_MAX && !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

/// A report under construction: one aligned line per figure.
#[derive(Debug, Default)]
pub struct Text {
    text: String,
}

impl Text {
    /// Adds a line.
    pub fn line(&mut self, name: &str, value: impl AsRef<str>) -> &mut Self {
        let _ = writeln!(self.text, "{name:<28} {}", value.as_ref());
        self
    }

    /// Adds the quantiles of a latency.
    pub fn latency(&mut self, name: &str, quantiles: &Quantiles) -> &mut Self {
        let Quantiles { p50_us, p90_us, p99_us, p999_us, max_us, .. } = *quantiles;
        let [p50, p90, p99, p999, max] = [p50_us, p90_us, p99_us, p999_us, max_us].map(milliseconds);
        self.line(name, format!("p50 {p50}  p90 {p90}  p99 {p99}  p99.9 {p999}  max {max}"))
    }

    /// Adds what a process used.
    pub fn usage(&mut self, name: &str, usage: &Usage) -> &mut Self {
        let memory = format!("RSS {}, peak {}", mebibytes(usage.resident_bytes), mebibytes(usage.resident_peak_bytes));
        self.line(name, format!("CPU {:.2} s ({:.0} %), {memory}", usage.cpu_seconds, usage.cpu_percent))
    }

    /// The finished text.
    #[must_use]
    pub fn finish(&self) -> &str {
        &self.text
    }
}

/// Microseconds as milliseconds with the digits that matter.
#[must_use]
pub fn milliseconds(microseconds: f64) -> String {
    format!("{:.3} ms", microseconds / 1e3)
}

/// Bytes as MiB.
#[must_use]
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A number rounded to an integer, with a comma between thousands.
#[must_use]
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes progress lines to the standard error stream, or swallows them.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    shown: bool,
}

impl Progress {
    /// Shown on a terminal, or always when `forced`.
    #[must_use]
    pub fn new(forced: bool) -> Self {
        Self { shown: forced || std::io::stderr().is_terminal() }
    }

    /// No progress at all.
    #[must_use]
    pub fn silent() -> Self {
        Self { shown: false }
    }

    /// Writes one line; a closed stream is no reason to end a run.
    pub fn line(self, text: impl AsRef<str>) {
        if self.shown {
            let _ = writeln!(std::io::stderr(), "{}", text.as_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(0.4), "0");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(1000.0), "1,000");
        assert_eq!(thousands(-1_234_567.8), "-1,234,568");
    }

    #[test]
    fn reasons_are_few_and_different() {
        let mut reasons = Vec::new();
        for number in 0..100 {
            keep_reason(&mut reasons, format!("reason {}", number / 2));
        }
        assert_eq!(reasons.len(), REASONS_MAX);
    }
}
