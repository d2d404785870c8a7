//! `subscribe`, `unsubscribe`, `disconnect` and `refresh`: what is done to connections of a user.
//!
//! They succeed whether or not anybody matches: a user without connections is not an error.

use std::sync::Arc;

use natter_node::session::{Close, CloseKind, Control, ServerSubscribe, SubscriptionOverrides};
use natter_protocol::centrifuge::codes::Disconnect;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::caller::Caller;
use super::error::ApiError;
use super::fields::{Done, RequestedPosition, bytes, nullable};
use crate::namespaces::is_reserved;

/// Most bytes of text that a close frame has room for (RFC 6455 section 5.5).
const REASON_BYTES_MAX: usize = 123;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SubscribeRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
    #[serde(deserialize_with = "nullable")]
    user: String,
    #[serde(deserialize_with = "nullable")]
    expire_at: i64,
    info: Option<Box<RawValue>>,
    #[serde(deserialize_with = "nullable")]
    b64info: String,
    #[serde(deserialize_with = "nullable")]
    client: String,
    data: Option<Box<RawValue>>,
    #[serde(deserialize_with = "nullable")]
    b64data: String,
    recover_since: Option<RequestedPosition>,
    #[serde(rename = "override")]
    overrides: Option<SubscriptionOverrides>,
    #[serde(deserialize_with = "nullable")]
    session: String,
}

/// Subscribes a user's connections to a channel.
pub(super) async fn subscribe(caller: Arc<Caller>, request: SubscribeRequest) -> Result<Done, ApiError> {
    // Nobody but a client reads a map page by page.
    if caller.channel(&request.channel)?.rules.options.keyed.is_some() {
        return Err(ApiError::BAD_REQUEST);
    }
    let subscribe = ServerSubscribe {
        channel: request.channel,
        expire_at: time(request.expire_at),
        info: bytes(request.info, &request.b64info)?.unwrap_or_default(),
        data: bytes(request.data, &request.b64data)?.unwrap_or_default(),
        recover_since: request.recover_since.map(Into::into),
        overrides: request.overrides.unwrap_or_default(),
    };
    let target = caller.target(request.user, request.client, request.session, Vec::new());
    caller.broker().control(target, Control::Subscribe(Arc::new(subscribe)));
    Ok(Done {})
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UnsubscribeRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
    #[serde(deserialize_with = "nullable")]
    user: String,
    #[serde(deserialize_with = "nullable")]
    client: String,
    #[serde(deserialize_with = "nullable")]
    session: String,
}

/// Takes a user's connections off a channel, or off all with an empty one. Reserved channels can be left too.
pub(super) async fn unsubscribe(caller: Arc<Caller>, request: UnsubscribeRequest) -> Result<Done, ApiError> {
    let channel = Some(request.channel).filter(|channel| !channel.is_empty());
    if let Some(channel) = channel.as_ref().filter(|channel| !is_reserved(channel)) {
        caller.settings.resolve(&caller.tenant, channel)?;
    }
    let target = caller.target(request.user, request.client, request.session, Vec::new());
    caller.broker().control(target, Control::Unsubscribe { channel: channel.map(Arc::from) });
    Ok(Done {})
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DisconnectRequest {
    #[serde(deserialize_with = "nullable")]
    user: String,
    disconnect: Option<RequestedDisconnect>,
    #[serde(deserialize_with = "nullable")]
    client: String,
    #[serde(deserialize_with = "nullable")]
    whitelist: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    session: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestedDisconnect {
    #[serde(deserialize_with = "nullable")]
    code: u32,
    #[serde(deserialize_with = "nullable")]
    reason: String,
}

impl RequestedDisconnect {
    /// 107 for what no close frame can carry: a code that is not 3000 to 4999, or more than 123 bytes of text.
    fn read(self) -> Result<Disconnect, ApiError> {
        let code = u16::try_from(self.code).ok().filter(|code| (3000..5000).contains(code));
        match code {
            Some(code) if self.reason.len() <= REASON_BYTES_MAX => Ok(Disconnect::new(code, self.reason)),
            _ => Err(ApiError::BAD_REQUEST),
        }
    }
}

/// Ends a user's connections, 3503 unless told otherwise.
pub(super) async fn disconnect(caller: Arc<Caller>, request: DisconnectRequest) -> Result<Done, ApiError> {
    let asked = request.disconnect.map(RequestedDisconnect::read).transpose()?;
    let Disconnect { code, reason } = asked.unwrap_or(Disconnect::FORCE_DISCONNECT);
    let target = caller.target(request.user, request.client, request.session, request.whitelist);
    caller.broker().control(target, Control::Disconnect(Close { code, reason, kind: CloseKind::Auth }));
    Ok(Done {})
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RefreshRequest {
    #[serde(deserialize_with = "nullable")]
    user: String,
    #[serde(deserialize_with = "nullable")]
    client: String,
    #[serde(deserialize_with = "nullable")]
    expired: bool,
    #[serde(deserialize_with = "nullable")]
    expire_at: i64,
    info: Option<Box<RawValue>>,
    #[serde(deserialize_with = "nullable")]
    session: String,
}

/// Moves or ends the expiry of a user's connections.
pub(super) async fn refresh(caller: Arc<Caller>, request: RefreshRequest) -> Result<Done, ApiError> {
    let (expired, expire_at) = (request.expired, time(request.expire_at));
    let info = bytes(request.info, "")?;
    let target = caller.target(request.user, request.client, request.session, Vec::new());
    caller.broker().control(target, Control::Refresh { expired, expire_at, info });
    Ok(Done {})
}

/// Unix seconds, of which 0 is none.
fn time(seconds: i64) -> Option<i64> {
    Some(seconds).filter(|seconds| *seconds != 0)
}
