//! Logs: lines on stderr, `info` and above unless RUST_LOG says otherwise.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// The embedded store's engine tells about its files at `info`, which nobody asked for.
const DEFAULT_FILTER: &str = "info,fjall=warn,lsm_tree=warn";

/// Starts logging. A second call changes nothing.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        // It would tell of a line that cannot be written on stderr, and panic when that fails as well: a log on a full disk
        // must not end the thread that has something to say about it.
        .log_internal_errors(false)
        .try_init();
}
