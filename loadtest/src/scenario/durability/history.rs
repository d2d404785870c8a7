//! Reading every channel's whole history, page by page, as the truth for the oracle.

use anyhow::{Context, Result, bail};

use super::{Stage, message};
use crate::client::receive::Receiver;
use crate::client::session::Session;
use crate::client::wire::{Command, HistoryRequest, HistoryResult, StreamPosition};
use crate::oracle::{Event, Position};

/// Messages per page: what Centrifugo gives a client at most.
const PAGE: i32 = 300;

/// Pages of one channel before something must be wrong.
const PAGES_MAX: usize = 100_000;

/// Reads all channels into the log.
pub(super) fn read(stage: &Stage) -> Result<()> {
    let mut session = Session::open(&stage.target, 0, "historian", Receiver::new())?;
    for index in 0..stage.options.channels {
        let channel = stage.channel(index);
        read_channel(stage, &mut session, &channel).with_context(|| format!("history of {channel}"))?;
    }
    Ok(())
}

fn read_channel(stage: &Stage, session: &mut Session, channel: &str) -> Result<()> {
    let mut since = None;
    for _ in 0..PAGES_MAX {
        let page = page(session, channel, since.take())?;
        let top = Position { offset: page.offset, epoch: page.epoch.clone() };
        let Some(last) = page.publications.last().map(|publication| publication.offset) else {
            stage.journal.write(Event::HistoryTop { channel: channel.to_owned(), top });
            return Ok(());
        };
        for publication in &page.publications {
            let (id, hash) = (message::id(&publication.data), message::hash(&publication.data));
            let (channel, epoch) = (channel.to_owned(), page.epoch.clone());
            stage.journal.write(Event::History { channel, epoch, offset: publication.offset, id, hash });
        }
        since = Some(StreamPosition { offset: last, epoch: page.epoch });
    }
    bail!("more than {PAGES_MAX} pages")
}

fn page(session: &mut Session, channel: &str, since: Option<StreamPosition>) -> Result<HistoryResult> {
    let request = HistoryRequest { channel: channel.to_owned(), limit: PAGE, since, ..HistoryRequest::default() };
    let reply = session.request(Command { history: Some(request), ..Command::default() })?;
    reply.history.context("a history reply without a result")
}
