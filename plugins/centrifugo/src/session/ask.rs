//! Questions to the tenant's backend.

use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect};
use natter_protocol::centrifuge::schema::{ConnectRequest, PublishRequest, SubscribeRequest};

use super::{ClientSession, close};
use crate::shared::ResolvedChannel;

impl ClientSession {
    pub(super) fn ask_connect(&mut self, id: u32, _: ConnectRequest, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.refuse_connect(id, ClientError::INTERNAL, out)
    }

    pub(super) fn ask_subscribe(
        &mut self,
        id: u32,
        _: SubscribeRequest,
        _: ResolvedChannel,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        self.refuse(id, ClientError::INTERNAL, out)
    }

    pub(super) fn ask_publish(
        &mut self,
        id: u32,
        _: PublishRequest,
        _: ResolvedChannel,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        self.refuse(id, ClientError::INTERNAL, out)
    }

    pub(super) fn ask_refresh(&mut self, _: &mut SessionOut<'_>) -> Result<(), Close> {
        Err(close(Disconnect::CONNECTION_EXPIRED, CloseKind::Auth))
    }

    pub(super) fn ask_sub_refresh(&mut self, _: u32, _: &mut SessionOut<'_>) -> Result<(), Close> {
        Err(close(Disconnect::SUBSCRIPTION_EXPIRED, CloseKind::Auth))
    }
}
