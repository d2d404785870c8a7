//! Logs as files: JSON lines in, a verdict out.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};

use super::log::Event;
use crate::scenario::Verdict;

/// Reads a log.
///
/// # Errors
/// When the file cannot be read or a line is no event; the line is named.
pub fn read_log(path: &Path) -> Result<Vec<Event>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut events = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let event = serde_json::from_str(&line?);
        events.push(event.with_context(|| format!("{}, line {}", path.display(), number + 1))?);
    }
    Ok(events)
}

/// Judges a log file and prints the judgement.
///
/// # Errors
/// As [`read_log`].
pub fn judge_file(path: &Path) -> Result<Verdict> {
    let judgement = super::judge(&read_log(path)?);
    print!("{judgement}");
    if judgement.is_clean() {
        return Ok(Verdict::Clean);
    }
    let violations: u64 = judgement.counts.values().sum();
    Ok(Verdict::Failed(format!("{violations} violations")))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::scene::Scene;
    use super::*;

    #[test]
    fn a_log_reads_back_as_it_was_written() {
        let events = Scene::of(20).events;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for event in &events {
            writeln!(file, "{}", serde_json::to_string(event).unwrap()).unwrap();
        }
        assert_eq!(read_log(file.path()).unwrap(), events);
        assert_eq!(judge_file(file.path()).unwrap(), Verdict::Clean);
        writeln!(file, "{{}}").unwrap();
        assert!(read_log(file.path()).unwrap_err().to_string().contains("line"));
    }
}
