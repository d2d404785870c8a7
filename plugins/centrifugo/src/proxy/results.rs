//! What the result of each event says, decoded.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use natter_core::{Draft, Tags};
use natter_node::auth::SubscribeOptions;

/// Who a connection is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectResult {
    /// The user; empty for an anonymous one.
    pub user: String,
    /// Unix seconds at which the connection expires; `None` is never.
    pub expire_at: Option<i64>,
    /// Shown to others with the user.
    pub info: Option<Bytes>,
    /// For the client itself.
    pub data: Option<Bytes>,
    /// Server-side subscriptions without options.
    pub channels: Vec<String>,
    /// Server-side subscriptions with options; a channel named here too has these.
    pub subs: BTreeMap<String, SubscribeOptions>,
    /// For the tenant's own backends, never shown to clients.
    pub meta: Option<Bytes>,
}

/// Whether a connection or a subscription goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RefreshResult {
    /// It does not. Also said by an answer without a result.
    pub expired: bool,
    /// Unix seconds at which it expires next; without them a subscription never does, and a connection ends.
    pub expire_at: Option<i64>,
    /// New info.
    pub info: Option<Bytes>,
    /// New meta of a connection.
    pub meta: Option<Bytes>,
}

/// A subscription is allowed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubscribeResult {
    /// Unix seconds at which it expires; `None` is never.
    pub expire_at: Option<i64>,
    /// Info, data and overrides.
    pub options: SubscribeOptions,
}

/// A publication is allowed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishResult {
    /// The payload in place of the client's.
    pub data: Option<Bytes>,
    /// Deliver it, but keep it out of history.
    pub skip_history: bool,
    /// Labels.
    pub tags: Tags,
    /// See [`Draft::idempotency_key`]; empty is none.
    pub idempotency_key: String,
    /// See [`Draft::delta`].
    pub delta: bool,
    /// See [`Draft::version`].
    pub version: Option<(u64, Arc<str>)>,
}

/// What a remote method returned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcResult {
    /// Its data; empty is none.
    pub data: Bytes,
}

impl PublishResult {
    /// Changes a client's draft as the backend wants it.
    pub fn apply(self, draft: &mut Draft) {
        if let Some(data) = self.data {
            draft.data = data;
        }
        draft.skip_history |= self.skip_history;
        draft.delta |= self.delta;
        if !self.tags.is_empty() {
            draft.tags = Some(Arc::new(self.tags));
        }
        if !self.idempotency_key.is_empty() {
            draft.idempotency_key = Some(self.idempotency_key.into());
        }
        draft.version = self.version.or(draft.version.take());
    }
}
