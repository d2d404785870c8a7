//! A member that sends: a window of messages under way, of which one is done when it has come back.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::ROOM;
use super::client::{Client, PING, PONG};
use super::message::{self, Mark};
use super::readers::{Phase, Shared};
use crate::client::receive::{Filled, Received, Receiver};

/// How long a message may take to come back.
const RETURN_TIME_MAX: Duration = Duration::from_secs(20);

/// What every sender is told.
#[derive(Clone, Copy)]
pub(super) struct Load {
    /// Messages under way.
    pub(super) window: u64,
    /// Bytes of a message's data.
    pub(super) size: usize,
}

pub(super) struct Publisher(JoinHandle<Result<u64>>);

impl Publisher {
    /// Begins to send, as number `sender`.
    pub(super) fn start(client: Client, shared: Arc<Shared>, sender: usize, load: Load) -> Result<Self> {
        client.stream.set_read_timeout(Some(RETURN_TIME_MAX))?;
        let work = move || publish(client, &shared, sender, load);
        Ok(Self(std::thread::Builder::new().name("publisher".into()).spawn(work)?))
    }

    /// Waits for its end, which comes with [`Phase::Drain`]; how many messages were sent.
    pub(super) fn join(self) -> Result<u64> {
        self.0.join().map_err(|_| anyhow!("the publisher has panicked"))?
    }
}

fn publish(mut client: Client, shared: &Shared, sender: usize, load: Load) -> Result<u64> {
    let (mut receiver, mut sent, mut returned) = (Receiver::new(), 0, 0);
    loop {
        let is_over = shared.phase() >= Phase::Drain;
        while !is_over && sent - returned < load.window.max(1) {
            sent += 1;
            let mark = Mark { sender, sequence: sent, sent_ns: shared.clock.now_ns() };
            client.send(message::packet(ROOM, mark, load.size).as_bytes())?;
        }
        if is_over && returned == sent {
            return Ok(sent);
        }
        if receiver.fill(&mut client.inbox, &mut &client.stream).context("publisher")? == Filled::Nothing {
            return Err(anyhow!("a message did not come back to its sender"));
        }
        let mut pings = 0;
        receiver.drain(&mut client.inbox, |received| {
            let Received::Message(packet) = received else { return };
            pings += u32::from(packet == PING);
            returned += u64::from(message::read(packet).is_some_and(|mark| mark.sender == sender));
        })?;
        for _ in 0..pings {
            client.send(PONG)?;
        }
    }
}
