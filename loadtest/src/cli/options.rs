//! From arguments to what a scenario is given; bounds are checked here.

use std::time::Duration;

use anyhow::{Result, bail};

use super::args::{
    DurabilityArgs, FanoutArgs, IdleArgs, InterfaceName, LoadArgs, RoomsArgs, SenderArgs, SendsArgs, SocketIoArgs,
};
use crate::client::{frame, marker};
use crate::load::plan::Pace;
use crate::scenario::durability::{DurabilityOptions, Interface};
use crate::scenario::fanout::FanoutOptions;
use crate::scenario::idle::IdleOptions;
use crate::scenario::limit_sender::SenderOptions;
use crate::scenario::rooms::RoomsOptions;
use crate::scenario::sends::SendsOptions;
use crate::scenario::socketio::SocketIoOptions;

/// Characters of a message's text, at most (ChatSDK).
const TEXT_MAX: usize = 10_000;

pub(super) fn payload(size: usize) -> Result<usize> {
    let (min, max) = (marker::SIZE_MIN, frame::PAYLOAD_MAX / 2);
    if !(min..=max).contains(&size) {
        bail!("--size must be between {min} and {max}");
    }
    Ok(size)
}

impl LoadArgs {
    fn pace(&self) -> Result<Pace> {
        match self.rate {
            Some(rate) if rate > 0.0 && rate.is_finite() => Ok(Pace::Rate(rate)),
            Some(rate) => bail!("--rate {rate} is no rate"),
            None if self.window == 0 => bail!("--window must be at least 1"),
            None => Ok(Pace::Window(self.window)),
        }
    }
}

impl FanoutArgs {
    pub(super) fn options(self) -> Result<FanoutOptions> {
        Ok(FanoutOptions {
            subscribers: self.subscribers,
            publishers: self.publishers.max(1),
            size: payload(self.load.size)?,
            pace: self.load.pace()?,
            channel: self.channel,
            limit: self.load.limit,
        })
    }
}

impl SocketIoArgs {
    pub(super) fn options(self) -> Result<SocketIoOptions> {
        let Ok(hold) = Duration::try_from_secs_f64(self.hold) else { bail!("--hold {} is no time", self.hold) };
        let Self { idle, members, senders, window, .. } = self;
        Ok(SocketIoOptions { idle, hold, members, senders, window, size: payload(self.size)? })
    }
}

impl RoomsArgs {
    pub(super) fn options(self) -> Result<RoomsOptions> {
        Ok(RoomsOptions {
            channels: self.channels.max(1),
            subscribers_per_channel: self.subscribers_per_channel,
            channels_per_connection: self.channels_per_connection,
            publishers: self.publishers.max(1),
            size: payload(self.load.size)?,
            pace: self.load.pace()?,
            limit: self.load.limit,
            prefix: self.prefix,
        })
    }
}

impl IdleArgs {
    pub(super) fn options(self) -> IdleOptions {
        IdleOptions {
            connections: self.connections,
            subscriptions: self.subscriptions,
            shared_channels: self.shared_channels,
            prefix: self.prefix,
            hold: Duration::try_from_secs_f64(self.hold).unwrap_or_default(),
        }
    }
}

impl SenderArgs {
    pub(super) fn options(self) -> SenderOptions {
        SenderOptions {
            sockets: self.sockets,
            size: self.size,
            batch: self.batch,
            channel: self.channel,
            duration: Duration::from_millis(self.milliseconds),
        }
    }
}

impl SendsArgs {
    pub(super) fn options(self) -> Result<SendsOptions> {
        if self.connections == 0 {
            bail!("--connections must be at least 1");
        }
        if self.size > TEXT_MAX {
            bail!("--size must be at most {TEXT_MAX}");
        }
        Ok(SendsOptions {
            api: self.api,
            api_key: self.api_key,
            metrics: self.metrics,
            connections: self.connections,
            size: self.size,
            client_ids: self.client_ids,
        })
    }
}

impl DurabilityArgs {
    pub(super) fn options(self) -> DurabilityOptions {
        DurabilityOptions {
            interface: match self.api {
                InterfaceName::Centrifugo => Interface::Centrifugo,
                InterfaceName::Chatsdk => Interface::ChatSdk,
            },
            program: self.natter,
            config: self.config,
            kills: self.kills,
            seed: self.seed.unwrap_or_else(rand::random),
            connections: self.connections.max(1),
            channels: self.channels.max(1),
            subscribers_per_channel: self.subscribers_per_channel,
            rate: self.rate,
            round: Duration::from_millis(self.round_ms),
            namespace: self.namespace,
            api_key: self.api_key,
            folder: self.folder,
            keep: self.keep,
        }
    }
}
