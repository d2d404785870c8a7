//! `rpc`: calls of the tenant's backend.

use natter_node::session::{Close, SessionOut};
use natter_protocol::centrifuge::codes::ClientError;
use natter_protocol::centrifuge::schema::RpcRequest;

use super::ClientSession;

impl ClientSession {
    pub(super) fn rpc(&mut self, id: u32, _: RpcRequest, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.refuse(id, ClientError::NOT_AVAILABLE, out)
    }
}
