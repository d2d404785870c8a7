//! How results look on the wire, and how they are read.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use natter_core::Tags;
use natter_node::auth::{Override, SubscribeOptions};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::Outcome;
use super::{ConnectResult, ProxyError, PublishResult, RefreshResult, RpcResult, SubscribeResult};

/// All fields that a result can have; each event reads its own, and unknown ones are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wire {
    user: Option<String>,
    expired: Option<bool>,
    expire_at: Option<i64>,
    info: Option<Box<RawValue>>,
    b64info: Option<String>,
    data: Option<Box<RawValue>>,
    b64data: Option<String>,
    channels: Option<Vec<String>>,
    subs: Option<BTreeMap<String, WireSubscription>>,
    meta: Option<Box<RawValue>>,
    #[serde(rename = "override")]
    overriding: Option<Override>,
    skip_history: Option<bool>,
    pub(super) tags: Option<Tags>,
    pub(super) idempotency_key: Option<String>,
    delta: Option<bool>,
    version: Option<u64>,
    version_epoch: Option<String>,
    pub(super) key: Option<String>,
    pub(super) key_mode: Option<String>,
    pub(super) score: Option<i64>,
}

/// One of `subs`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireSubscription {
    info: Option<Box<RawValue>>,
    b64info: Option<String>,
    data: Option<Box<RawValue>>,
    b64data: Option<String>,
    #[serde(rename = "override")]
    overriding: Option<Override>,
}

impl WireSubscription {
    fn options(self) -> Result<SubscribeOptions, ProxyError> {
        Ok(SubscribeOptions {
            info: bytes(self.info, self.b64info)?,
            data: bytes(self.data, self.b64data)?,
            overriding: self.overriding.unwrap_or_default(),
        })
    }
}

impl Outcome for Option<ConnectResult> {
    type Wire = Wire;

    fn read(wire: Option<Wire>) -> Result<Self, ProxyError> {
        let Some(wire) = wire else { return Ok(None) };
        let subs = wire.subs.unwrap_or_default().into_iter();
        Ok(Some(ConnectResult {
            user: wire.user.unwrap_or_default(),
            expire_at: wire.expire_at.filter(|at| *at > 0),
            info: bytes(wire.info, wire.b64info)?,
            data: bytes(wire.data, wire.b64data)?,
            channels: wire.channels.unwrap_or_default(),
            subs: subs.map(|(channel, sub)| Ok((channel, sub.options()?))).collect::<Result<_, ProxyError>>()?,
            meta: bytes(wire.meta, None)?,
        }))
    }
}

impl Outcome for RefreshResult {
    type Wire = Wire;

    fn read(wire: Option<Wire>) -> Result<Self, ProxyError> {
        let Some(wire) = wire else { return Ok(Self { expired: true, ..Self::default() }) };
        Ok(Self {
            expired: wire.expired.unwrap_or_default(),
            expire_at: wire.expire_at.filter(|at| *at > 0),
            info: bytes(wire.info, wire.b64info)?,
            meta: bytes(wire.meta, None)?,
        })
    }
}

impl Outcome for SubscribeResult {
    type Wire = Wire;

    fn read(wire: Option<Wire>) -> Result<Self, ProxyError> {
        let Some(wire) = wire else { return Ok(Self::default()) };
        let Wire { info, b64info, data, b64data, overriding, .. } = wire;
        let options = WireSubscription { info, b64info, data, b64data, overriding }.options()?;
        Ok(Self { expire_at: wire.expire_at.filter(|at| *at > 0), options })
    }
}

impl Outcome for PublishResult {
    type Wire = Wire;

    fn read(wire: Option<Wire>) -> Result<Self, ProxyError> {
        let Some(wire) = wire else { return Ok(Self::default()) };
        let epoch = || wire.version_epoch.unwrap_or_default().into();
        Ok(Self {
            // Here the plain form wins, in all other results the base64 one: Centrifugo's order.
            data: match wire.data {
                Some(data) => Some(json_bytes(data)),
                None => bytes(None, wire.b64data)?,
            },
            skip_history: wire.skip_history.unwrap_or_default(),
            tags: wire.tags.unwrap_or_default(),
            idempotency_key: wire.idempotency_key.unwrap_or_default(),
            delta: wire.delta.unwrap_or_default(),
            version: wire.version.filter(|version| *version > 0).map(|version| (version, epoch())),
        })
    }
}

impl Outcome for RpcResult {
    type Wire = Wire;

    fn read(wire: Option<Wire>) -> Result<Self, ProxyError> {
        let Some(wire) = wire else { return Ok(Self::default()) };
        Ok(Self { data: bytes(wire.data, wire.b64data)?.unwrap_or_default() })
    }
}

/// A field in its plain or its base64 form, of which the latter wins.
fn bytes(plain: Option<Box<RawValue>>, base64: Option<String>) -> Result<Option<Bytes>, ProxyError> {
    let Some(text) = base64.filter(|text| !text.is_empty()) else { return Ok(plain.map(json_bytes)) };
    let decoded = STANDARD.decode(text).map_err(|error| ProxyError::Malformed(error.to_string()))?;
    Ok(Some(decoded.into()))
}

fn json_bytes(json: Box<RawValue>) -> Bytes {
    Bytes::from(Box::<str>::from(json).into_boxed_bytes())
}
