//! What a run does, one file per subcommand.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::client::session::Target;
use crate::report::json::{Machine, Report};
use crate::report::process::Sample;
use crate::report::text::Progress;

pub mod durability;
pub mod fanout;
pub mod idle;
pub mod limit;
pub mod limit_sender;
pub mod measured;
pub mod rooms;
pub mod sends;

/// What every run is given.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Where connections go.
    pub target: Target,
    /// The server's process, when it runs on this machine.
    pub pid: Option<u32>,
    /// Where the machine-readable report goes.
    pub json: Option<PathBuf>,
    /// Time before measuring.
    pub warmup: Duration,
    /// Measured time.
    pub duration: Duration,
    /// Reading threads.
    pub threads: usize,
    /// Set by Ctrl-C.
    pub stop: Arc<AtomicBool>,
    /// Where progress goes.
    pub progress: Progress,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was wrong.
    Clean,
    /// This was wrong; the process ends with code 1.
    Failed(String),
}

impl Setting {
    /// The server process now, if it is known.
    ///
    /// # Errors
    /// When it was named and does not exist.
    pub fn server(&self) -> Result<Option<Sample>> {
        self.pid.map(Sample::of).transpose()
    }

    /// Writes the machine-readable report, if one was asked for.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, scenario: &str, machine: Machine, figures: impl Serialize) -> Result<()> {
        self.json.as_ref().map_or(Ok(()), |path| Report::new(scenario, machine, figures).write(path))
    }
}
