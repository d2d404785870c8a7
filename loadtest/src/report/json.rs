//! The machine-readable report: what was asked, on what machine, and every figure.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// The machine at the start of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// Load average over 1, 5 and 15 minutes.
    pub load_average: [f64; 3],
    /// The kernel's release.
    pub kernel: String,
}

impl Machine {
    /// Reads the machine now; what cannot be read is zero or empty.
    #[must_use]
    pub fn now() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            load_average: load_average(&read("/proc/loadavg")),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

fn load_average(text: &str) -> [f64; 3] {
    let mut values = text.split_ascii_whitespace().map(|value| value.parse().unwrap_or(0.0));
    [(); 3].map(|()| values.next().unwrap_or(0.0))
}

/// One report file.
#[derive(Debug, Serialize)]
pub struct Report<'a, F> {
    /// The subcommand.
    pub scenario: &'a str,
    /// The command line.
    pub arguments: Vec<String>,
    /// Where it ran.
    pub machine: Machine,
    /// What it found; each scenario has its own.
    pub figures: F,
}

impl<'a, F: Serialize> Report<'a, F> {
    /// A report of this process.
    pub fn new(scenario: &'a str, machine: Machine, figures: F) -> Self {
        Self { scenario, arguments: std::env::args().skip(1).map(hide_secrets()).collect(), machine, figures }
    }

    /// Writes the report to `path`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Replaces the values of `--token`, `--secret` and `--api-key`, which do not belong into a file.
fn hide_secrets() -> impl FnMut(String) -> String {
    let mut hide_next = false;
    move |argument| {
        let hidden = std::mem::replace(&mut hide_next, false);
        for name in ["--token", "--secret", "--api-key"] {
            if argument == name {
                hide_next = true;
            } else if argument.starts_with(&format!("{name}=")) {
                return format!("{name}=…");
            }
        }
        if hidden { "…".to_owned() } else { argument }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_out_of_the_file() {
        let given = ["fanout", "--secret", "s", "--token=t", "--size", "64"].map(str::to_owned);
        let shown: Vec<String> = given.into_iter().map(hide_secrets()).collect();
        assert_eq!(shown, ["fanout", "--secret", "…", "--token=…", "--size", "64"]);
    }

    #[test]
    fn reads_the_load_average() {
        assert_eq!(load_average("0.32 0.78 0.42 1/99 1234"), [0.32, 0.78, 0.42]);
        assert_eq!(load_average(""), [0.0; 3]);
    }
}
