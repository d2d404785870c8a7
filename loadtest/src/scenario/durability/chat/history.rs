//! Reading everything back after the last round, as the truth for the oracle: messages, read positions, and where the
//! events end.

use anyhow::{Context, Result, bail};

use super::Cast;
use crate::client::chatsdk::{ChatSdk, Message};
use crate::client::receive::Receiver;
use crate::client::session::Session;
use crate::client::wire::{Command, SubscribeRequest};
use crate::oracle::chat::ChatEvent;
use crate::oracle::{Event, Position};
use crate::scenario::durability::Stage;

/// Pages of one channel before something must be wrong.
const PAGES_MAX: usize = 100_000;

/// Reads all channels into the log.
pub(in crate::scenario::durability) fn read(stage: &Stage, cast: &Cast) -> Result<()> {
    let shared = cast.shared.iter().map(|channel| (channel, 0));
    let own = cast.own.iter().enumerate().map(|(user, channel)| (channel, user));
    for (channel, user) in shared.chain(own) {
        let api = cast.api_of(user);
        read_channel(stage, &api, channel).with_context(|| format!("messages of {channel}"))?;
        for mark in api.read_status(channel)? {
            let (channel, user, seq) = (channel.clone(), mark.user_id, mark.last_read_seq);
            stage.journal.write(Event::Chat(ChatEvent::Mark { channel, user, seq }));
        }
    }
    for (channel, user) in cast.watched() {
        let top = top(stage, cast, channel, user).with_context(|| format!("events of {channel}"))?;
        stage.journal.write(Event::HistoryTop { channel: channel.clone(), top });
    }
    Ok(())
}

fn read_channel(stage: &Stage, api: &ChatSdk, channel: &str) -> Result<()> {
    let mut since = 0;
    for _ in 0..PAGES_MAX {
        let page = api.messages_since(channel, since)?;
        let last = page.messages.last().map_or(since, |message| message.seq);
        page.messages.into_iter().for_each(|message| stage.journal.write(stored(channel, message)));
        if !page.has_more {
            let (channel, max_seq) = (channel.to_owned(), page.max_seq);
            stage.journal.write(Event::Chat(ChatEvent::Newest { channel, max_seq }));
            return Ok(());
        }
        if last <= since {
            bail!("the page behind {since} is not the last and ends at {last}");
        }
        since = last;
    }
    bail!("more than {PAGES_MAX} pages")
}

fn stored(channel: &str, message: Message) -> Event {
    let Message { id, seq, text, reactions } = message;
    let reactions = reactions
        .into_iter()
        .map(|reaction| (reaction.emoji, reaction.count, reaction.users.into_iter().map(|user| user.id).collect()));
    let (channel, reactions) = (channel.to_owned(), reactions.collect());
    Event::Chat(ChatEvent::Stored { channel, id, seq, text, reactions })
}

/// Where a channel's events end, as somebody who subscribes now is told.
fn top(stage: &Stage, cast: &Cast, channel: &str, user: usize) -> Result<Position> {
    let subscription = cast.subscription(stage, channel, user);
    let mut session = Session::open(&subscription.target, 0, &subscription.user, Receiver::new())?;
    let request = SubscribeRequest {
        channel: subscription.channel,
        recoverable: true,
        positioned: true,
        ..SubscribeRequest::default()
    };
    let reply = session.request(Command { subscribe: Some(request), ..Command::default() })?;
    let result = reply.subscribe.context("a subscribe reply without a result")?;
    Ok(Position { offset: result.offset, epoch: result.epoch })
}
