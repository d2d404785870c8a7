//! Who sends and where to: users, their tokens, and the channels of each workload.

use anyhow::Result;

use super::SendsOptions;
use crate::client::chatsdk::ChatSdk;
use crate::client::http::base::HttpBase;
use crate::client::token::Tokens;
use crate::scenario::Setting;

/// What is sent where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workload {
    /// One connection in one channel, as the base of comparison.
    Alone,
    /// Each connection in a channel of its own.
    ManyChannels,
    /// All connections in one channel.
    HotChannel,
}

impl Workload {
    /// As the report names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Alone => "one sender alone",
            Self::ManyChannels => "many channels",
            Self::HotChannel => "one hot channel",
        }
    }
}

/// The users of a run.
pub(super) struct Senders {
    pub(super) api: ChatSdk,
    run: u32,
    users: Vec<String>,
    tokens: Vec<String>,
}

/// Where one connection sends and as whom.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) token: String,
    /// Index in [`Plan::channels`].
    pub(super) channel: usize,
}

/// The connections and channels of a workload.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) lanes: Vec<Lane>,
    pub(super) channels: Vec<PlannedChannel>,
}

/// A channel, and who may read it.
#[derive(Debug)]
pub(super) struct PlannedChannel {
    pub(super) id: String,
    pub(super) token: String,
}

impl Senders {
    /// Makes a user for each connection, or lets all be the one of the token that was given.
    pub(super) fn prepare(setting: &Setting, options: &SendsOptions, base: &HttpBase) -> Result<Self> {
        let (api, run) = (ChatSdk::new(&base.url, &options.api_key), rand::random());
        if let Tokens::Fixed(token) = &setting.target.tokens {
            return Ok(Self { api, run, users: Vec::new(), tokens: vec![token.clone(); options.connections] });
        }
        let users: Vec<String> = (0..options.connections).map(|index| format!("loadtest-{run:08x}-{index}")).collect();
        api.sync_users(&users)?;
        let tokens = users.iter().map(|user| Ok(api.token(user)?.token)).collect::<Result<_>>()?;
        Ok(Self { api, run, users, tokens })
    }

    /// Makes the channels of a workload and says who sends where.
    pub(super) fn plan(&self, kind: Workload, options: &SendsOptions) -> Result<Plan> {
        let senders = if kind == Workload::Alone { 1 } else { options.connections };
        let channels = if kind == Workload::ManyChannels { senders } else { 1 };
        let members = if kind == Workload::HotChannel { self.users.get(1..).unwrap_or_default() } else { &[] };
        let channels: Vec<PlannedChannel> =
            (0..channels).map(|index| self.channel(kind, index, members)).collect::<Result<_>>()?;
        let lane = |(index, token): (usize, &String)| Lane { token: token.clone(), channel: index % channels.len() };
        Ok(Plan { lanes: self.tokens.iter().take(senders).enumerate().map(lane).collect(), channels })
    }

    fn channel(&self, kind: Workload, index: usize, members: &[String]) -> Result<PlannedChannel> {
        let token = self.tokens[index].clone();
        let name = format!("{} {:08x} {index}", kind.name(), self.run);
        let id = self.api.of_user(&token).create_group(&name, members)?.id;
        Ok(PlannedChannel { id, token })
    }
}
