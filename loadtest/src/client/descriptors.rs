//! The process's descriptor limit: every connection is one descriptor, so the soft limit is raised to the hard one at start.

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are not connections: standard streams, event queues, timers, report files.
const RESERVED: u64 = 64;

/// Raises the soft limit to the hard limit and says how many connections fit under it.
#[must_use]
pub fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    current.unwrap_or(u64::MAX).saturating_sub(RESERVED)
}

/// Raises the limit and refuses a run that needs more connections than it allows.
///
/// # Errors
/// When `connections` do not fit under the hard limit; the text names both numbers.
pub fn require(connections: usize) -> Result<()> {
    let available = raise();
    if connections as u64 > available {
        bail!(
            "{connections} connections asked for, but the hard descriptor limit leaves {available}; raise `ulimit -Hn`"
        );
    }
    Ok(())
}
