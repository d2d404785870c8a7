//! `rpc`: calls of methods that are built into the node, of which there are none.

use std::sync::Arc;

use serde::Deserialize;

use super::caller::Caller;
use super::error::ApiError;
use super::fields::{Done, nullable};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RpcRequest {
    #[serde(deserialize_with = "nullable")]
    method: String,
}

/// 104 for every name, 107 without one.
pub(super) async fn rpc(_caller: Arc<Caller>, request: RpcRequest) -> Result<Done, ApiError> {
    Err(if request.method.is_empty() { ApiError::BAD_REQUEST } else { ApiError::NOT_FOUND })
}
