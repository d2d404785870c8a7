//! Bringing a returning subscriber up to date (Centrifugo's stream and cache recovery).

use std::sync::Arc;

use crate::effects::Recovery;
use crate::options::RecoveryMode;
use crate::stream::{Range, Since, Stream};
use crate::{ChannelOptions, Publication};

impl Recovery {
    /// The gap cannot be closed.
    pub(crate) fn failed() -> Self {
        Self { recovered: false, publications: Vec::new() }
    }
}

/// What a returning subscriber has to be sent, or `None` when it cannot be brought up to date.
pub(crate) fn range_to_recover(stream: &Stream, since: &Since, options: &ChannelOptions) -> Option<Range> {
    match options.recovery_mode {
        RecoveryMode::Stream => stream.missed(since, options.recovery_limit),
        RecoveryMode::Cache if stream.top < stream.first => None,
        RecoveryMode::Cache if has_newest(stream, since) => Some(Range { first: stream.top + 1, last: stream.top }),
        RecoveryMode::Cache => Some(Range { first: stream.top, last: stream.top }),
    }
}

/// Decides whether the publications that were found, the newest ones of the stream, close the gap.
pub(crate) fn judge_recovery(
    mut publications: Vec<Arc<Publication>>,
    since: &Since,
    stream: &Stream,
    options: &ChannelOptions,
) -> Recovery {
    let newest = publications.last().map(|publication| publication.offset);
    let recovered = match options.recovery_mode {
        RecoveryMode::Cache => {
            publications.drain(..publications.len().saturating_sub(1));
            newest == Some(stream.top) || (newest.is_none() && has_newest(stream, since))
        }
        RecoveryMode::Stream => {
            publications.len() as u64 == stream.top.saturating_sub(since.offset)
                && publications.len() <= options.recovery_limit
        }
    };
    if recovered { Recovery { recovered, publications } } else { Recovery::failed() }
}

/// Whether a reader has the newest publication already.
fn has_newest(stream: &Stream, since: &Since) -> bool {
    since.offset == stream.top && since.epoch == stream.epoch.as_str()
}
