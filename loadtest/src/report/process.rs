//! CPU time and memory of a process, from the proc file system.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;

/// What a process had used at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    at: Instant,
    cpu_seconds: f64,
    /// Memory in use now, in bytes.
    pub resident_bytes: u64,
    /// The most memory it ever used, in bytes.
    pub resident_peak_bytes: u64,
}

/// What a process used between two moments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Usage {
    /// User and system time, in seconds.
    pub cpu_seconds: f64,
    /// CPU time over wall time; 100 is one core.
    pub cpu_percent: f64,
    /// Memory at the end, in bytes.
    pub resident_bytes: u64,
    /// The most memory it ever used, in bytes.
    pub resident_peak_bytes: u64,
}

impl Sample {
    /// Reads process `pid`.
    ///
    /// # Errors
    /// When it does not exist or its files cannot be read.
    pub fn of(pid: u32) -> Result<Self> {
        let read = |file| fs::read_to_string(format!("/proc/{pid}/{file}")).with_context(|| format!("process {pid}"));
        let (stat, status) = (read("stat")?, read("status")?);
        Ok(Self {
            at: Instant::now(),
            cpu_seconds: cpu_seconds(&stat).with_context(|| format!("/proc/{pid}/stat is not understood"))?,
            resident_bytes: status_bytes(&status, "VmRSS:"),
            resident_peak_bytes: status_bytes(&status, "VmHWM:"),
        })
    }

    /// Reads this process.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn own() -> Result<Self> {
        Self::of(std::process::id())
    }

    /// What was used since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Usage {
        let seconds = self.at.duration_since(earlier.at).as_secs_f64();
        let cpu_seconds = self.cpu_seconds - earlier.cpu_seconds;
        Usage {
            cpu_seconds,
            cpu_percent: if seconds > 0.0 { 100.0 * cpu_seconds / seconds } else { 0.0 },
            resident_bytes: self.resident_bytes,
            resident_peak_bytes: self.resident_peak_bytes,
        }
    }
}

/// User and system time. The name in parentheses may hold anything, so fields are counted behind its end: state is the
/// first, user and system ticks the 12th and 13th.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_ascii_whitespace().skip(11);
    let user: u64 = ticks.next()?.parse().ok()?;
    let system: u64 = ticks.next()?.parse().ok()?;
    Some((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// A line of `/proc/PID/status` in kB, as bytes; zero when it is missing.
fn status_bytes(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes =
        line.and_then(|line| line.split_ascii_whitespace().next()).and_then(|text| text.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert_eq!(cpu_seconds(stat), Some(200.0 / ticks));
        assert_eq!(cpu_seconds("7 (a) S 1"), None);
    }

    #[test]
    fn reads_this_process() {
        let sample = Sample::own().unwrap();
        assert!(sample.resident_bytes > 0 && sample.resident_peak_bytes >= sample.resident_bytes);
        assert!(Sample::of(u32::MAX).is_err());
    }
}
