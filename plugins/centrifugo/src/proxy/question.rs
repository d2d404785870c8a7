//! The requests that a backend is sent, field by field as Centrifugo sends them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use natter_node::config::Proxy;
use natter_protocol::centrifuge::framing::Encoding;
use serde::Serialize;
use serde_json::value::RawValue;

use super::ProxyError;

/// The connection that a question is about.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Its id.
    pub client: String,
    /// Its transport's name: `websocket`, `http_stream`, `sse`, `uni_websocket`, ….
    pub transport: &'static str,
    /// Its encoding.
    pub encoding: Encoding,
    /// Its user; empty for an anonymous one. Not sent with `connect`.
    pub user: String,
    /// What its backend has attached to it; sent only with `include_connection_meta`.
    pub meta: Option<Bytes>,
    /// The headers of its HTTP request, of which the proxy's `http_headers` are passed on.
    pub headers: Option<Arc<HeaderMap>>,
    /// The headers inside its `connect` command, of which the proxy's `emulated_headers` are passed on.
    pub emulated_headers: Arc<BTreeMap<String, String>>,
}

/// What `connect` asks about.
#[derive(Clone, Debug, Default)]
pub struct ConnectQuestion {
    /// What the client sent along.
    pub data: Bytes,
    /// The client library's name.
    pub name: String,
    /// The client library's version.
    pub version: String,
    /// Server-side subscriptions that the client would recover.
    pub channels: Vec<String>,
}

/// What `subscribe` asks about.
#[derive(Clone, Debug, Default)]
pub struct SubscribeQuestion {
    /// The channel.
    pub channel: String,
    /// The client's subscription token, if it sent one.
    pub token: String,
    /// What the client sent along.
    pub data: Bytes,
}

/// What `publish` asks about.
#[derive(Clone, Debug, Default)]
pub struct PublishQuestion {
    /// The channel.
    pub channel: String,
    /// The payload.
    pub data: Bytes,
}

/// What `map_publish` and `map_remove` ask about.
#[derive(Clone, Debug)]
pub struct MapQuestion {
    /// The channel.
    pub channel: Arc<str>,
    /// The key that the client names, or that its namespace gives it; empty if neither does.
    pub key: Arc<str>,
    /// The key's new value; empty with `map_remove`.
    pub data: Bytes,
}

/// What `rpc` asks for.
#[derive(Clone, Debug, Default)]
pub struct RpcQuestion {
    /// The method, with its namespace.
    pub method: String,
    /// Its parameters.
    pub data: Bytes,
}

/// The kinds of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Connect,
    Refresh,
    Subscribe,
    Publish,
    SubRefresh,
    MapPublish,
    MapRemove,
    Keys,
    Rpc,
}

impl Event {
    /// What metrics call it.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Refresh => "refresh",
            Self::Subscribe => "subscribe",
            Self::Publish => "publish",
            Self::SubRefresh => "sub_refresh",
            Self::MapPublish => "map_publish",
            Self::MapRemove => "map_remove",
            Self::Keys => "shared_poll_refresh",
            Self::Rpc => "rpc",
        }
    }
}

/// A request of any kind; `user` is there whenever the user is known, even if empty, all else only if it says something.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    client: &'a str,
    transport: &'a str,
    protocol: &'static str,
    encoding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    channel: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    token: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "String::is_empty")]
    b64data: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    channels: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<&'a RawValue>,
    #[serde(skip)]
    payload: &'a [u8],
    #[serde(skip)]
    connection_meta: Option<&'a [u8]>,
}

impl<'a> Body<'a> {
    /// The part that all questions have.
    pub(super) fn new(event: Event, asker: &'a Asker) -> Self {
        let is_known = event != Event::Connect;
        Self {
            client: &asker.client,
            transport: asker.transport,
            protocol: match asker.encoding {
                Encoding::Json => "json",
                Encoding::Protobuf => "protobuf",
            },
            encoding: "",
            user: is_known.then_some(asker.user.as_str()),
            channel: "",
            key: "",
            token: "",
            method: "",
            data: None,
            b64data: String::new(),
            name: "",
            version: "",
            channels: &[],
            meta: None,
            payload: &[],
            connection_meta: asker.meta.as_deref().filter(|_| is_known),
        }
    }

    pub(super) fn connect<'q: 'a>(&mut self, question: &'q ConnectQuestion) {
        (self.name, self.version) = (&question.name, &question.version);
        (self.channels, self.payload) = (&question.channels, &question.data);
    }

    pub(super) fn subscribe<'q: 'a>(&mut self, question: &'q SubscribeQuestion) {
        (self.channel, self.token) = (&question.channel, &question.token);
        self.payload = &question.data;
    }

    pub(super) fn publish<'q: 'a>(&mut self, question: &'q PublishQuestion) {
        (self.channel, self.payload) = (&question.channel, &question.data);
    }

    pub(super) fn map<'q: 'a>(&mut self, question: &'q MapQuestion) {
        (self.channel, self.key, self.payload) = (&question.channel, &question.key, &question.data);
    }

    pub(super) fn rpc<'q: 'a>(&mut self, question: &'q RpcQuestion) {
        (self.method, self.payload) = (&question.method, &question.data);
    }

    pub(super) fn channel(&mut self, channel: &'a str) {
        self.channel = channel;
    }

    /// The request as JSON, with the data in the form that the proxy asks for.
    pub(super) fn encode(mut self, settings: &Proxy) -> Result<Vec<u8>, ProxyError> {
        let (payload, meta) = (self.payload, self.connection_meta.filter(|_| settings.include_connection_meta));
        self.encoding = if settings.binary_encoding { "binary" } else { "json" };
        match settings.binary_encoding {
            true => self.b64data = STANDARD.encode(payload),
            false if payload.is_empty() => {}
            false => self.data = Some(raw(payload)?),
        }
        self.meta = meta.map(raw).transpose()?;
        Ok(serde_json::to_vec(&self)?)
    }
}

fn raw(json: &[u8]) -> Result<&RawValue, ProxyError> {
    serde_json::from_slice(json).map_err(|_| ProxyError::NotJson)
}
