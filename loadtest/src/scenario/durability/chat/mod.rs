//! What a durability run does through ChatSDK's API: every connection is a user that sends to a channel of its own and to
//! channels that all share, edits, reacts, takes reactions back and reads; each call is repeated until it is answered, a
//! message with the same `clientId`. Watchers follow the channels' events over Centrifugo's protocol through every kill.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Stage;
use super::subscribers::{self, Subscription};
use crate::client::chatsdk::{ChatSdk, Token};
use crate::client::session::Target;
use crate::client::token::Tokens;

pub(super) mod history;
pub(super) mod news;
pub(super) mod senders;

/// Messages of shared channels that are known to everybody, to react to and to read.
const BOARD_MAX: usize = 256;

/// How long the watchers may take to subscribe.
const WATCH_TIMEOUT: Duration = Duration::from_secs(30);

/// A message that was acknowledged.
#[derive(Debug, Clone)]
struct Known {
    channel: String,
    id: String,
    seq: u64,
}

/// Users and channels of a run.
#[derive(Debug)]
pub(super) struct Cast {
    api: ChatSdk,
    users: Vec<(String, Token)>,
    /// Ids of the channels in which everybody is.
    shared: Vec<String>,
    /// Ids of the channels in which only one user is, by user.
    own: Vec<String>,
    board: Mutex<VecDeque<Known>>,
}

impl Cast {
    /// Makes all users and channels.
    pub(super) fn prepare(stage: &Stage) -> Result<Self> {
        let api = ChatSdk::new(&stage.api_url, &stage.options.api_key);
        let names: Vec<String> = (0..stage.options.connections).map(|index| format!("user-{index}")).collect();
        api.sync_users(&names)?;
        let with_token = |name: &String| Ok((name.clone(), api.token(name)?));
        let users = names.iter().map(with_token).collect::<Result<Vec<_>>>()?;
        let create = |user: usize, name: String, members: &[String]| {
            Ok(api.of_user(&users[user].1.token).create_group(&name, members)?.id)
        };
        let shared = (0..stage.options.channels).map(|index| create(0, format!("shared {index}"), &names[1..]));
        let shared = shared.collect::<Result<_>>()?;
        let own = (0..users.len()).map(|index| create(index, format!("own {index}"), &[])).collect::<Result<_>>()?;
        Ok(Self { api, users, shared, own, board: Mutex::new(VecDeque::new()) })
    }

    /// The watched channels, each with a user who may: all shared ones, and the first user's own.
    fn watched(&self) -> impl Iterator<Item = (&String, usize)> {
        let users = self.users.len();
        let shared = self.shared.iter().enumerate().map(move |(index, channel)| (channel, index % users));
        shared.chain(self.own.first().map(|channel| (channel, 0)))
    }

    /// How a user subscribes to a channel's events.
    fn subscription(&self, stage: &Stage, channel: &str, user: usize) -> Subscription {
        let (name, token) = &self.users[user];
        Subscription {
            target: Target { tokens: Tokens::Fixed(token.ws_token.clone()), ..stage.target.clone() },
            user: name.clone(),
            channel: format!("chat:{}:{channel}", token.app_id),
            chat: Some(channel.to_owned()),
        }
    }

    fn api_of(&self, user: usize) -> ChatSdk {
        self.api.of_user(&self.users[user].1.token)
    }

    fn post(&self, known: Known) {
        let Ok(mut board) = self.board.lock() else { return };
        board.push_back(known);
        if board.len() > BOARD_MAX {
            board.pop_front();
        }
    }

    /// Some recent message of a shared channel; which one, `number` decides.
    fn pick(&self, number: usize) -> Option<Known> {
        let board = self.board.lock().ok()?;
        let index = number.checked_rem(board.len())?;
        board.get(index).cloned()
    }
}

/// Starts the watchers and waits until all have subscribed, so that they are told of every message.
pub(super) fn watch(stage: &Arc<Stage>, cast: &Cast) -> Result<Vec<JoinHandle<()>>> {
    let each = 0..stage.options.subscribers_per_channel;
    let subscriptions: Vec<_> = cast
        .watched()
        .flat_map(|(channel, user)| each.clone().map(move |_| cast.subscription(stage, channel, user)))
        .collect();
    let (count, began) = (subscriptions.len() as u64, Instant::now());
    let threads = subscribers::follow(stage, subscriptions)?;
    while stage.sessions.load(Ordering::Relaxed) < count {
        if began.elapsed() > WATCH_TIMEOUT {
            stage.up.store(false, Ordering::Release);
            stage.enter(super::Act::CatchUp);
            bail!("the watchers could not subscribe within {} s", WATCH_TIMEOUT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(threads)
}
