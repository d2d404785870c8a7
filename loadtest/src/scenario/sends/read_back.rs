//! Reading the channels of a workload back, page by page by `since_seq`.

use anyhow::{Context, Result, bail};

use super::judge::{ReadBack, Stored};
use super::marker::Mark;
use super::setup::{Plan, PlannedChannel};
use crate::client::chatsdk::ChatSdk;

/// Pages of one channel before something must be wrong.
const PAGES_MAX: usize = 1_000_000;

/// Reads all channels of a plan.
pub(super) fn read_all(api: &ChatSdk, plan: &Plan, run: u32) -> Result<Vec<ReadBack>> {
    let read = |channel: &PlannedChannel| {
        read_channel(&api.of_user(&channel.token), &channel.id, run)
            .with_context(|| format!("reading channel {} back", channel.id))
    };
    plan.channels.iter().map(read).collect()
}

fn read_channel(api: &ChatSdk, channel: &str, run: u32) -> Result<ReadBack> {
    let mut read = ReadBack::default();
    let mut since = 0;
    for _ in 0..PAGES_MAX {
        let page = api.messages_since(channel, since)?;
        read.max_seq = page.max_seq;
        let stored = |message: &crate::client::chatsdk::Message| Stored {
            seq: message.seq,
            mark: Mark::read(&message.text, run),
        };
        read.messages.extend(page.messages.iter().map(stored));
        match page.messages.last() {
            Some(last) if page.has_more && last.seq > since => since = last.seq,
            Some(last) if page.has_more => bail!("the page behind {since} ends at {}", last.seq),
            None if page.has_more => bail!("the page behind {since} is empty and not the last"),
            _ => return Ok(read),
        }
    }
    bail!("more than {PAGES_MAX} pages")
}
