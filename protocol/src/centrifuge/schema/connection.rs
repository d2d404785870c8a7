//! Connecting and keeping the connection alive.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Listed, SubscribeRequest, SubscribeResult};

messages! {
    /// First command of every connection.
    pub struct ConnectRequest {
        /// JSON Web Token; empty for anonymous and proxied connections.
        #[prost(string, tag = "1")]
        pub token: String,
        /// Free data for the backend.
        #[prost(bytes = "bytes", tag = "2")]
        pub data: Bytes,
        /// Server-side subscriptions to recover, by channel.
        #[prost(btree_map = "string, message", tag = "3")]
        pub subs: BTreeMap<String, SubscribeRequest>,
        /// Name of the client library.
        #[prost(string, tag = "4")]
        pub name: String,
        /// Version of the client application.
        #[prost(string, tag = "5")]
        pub version: String,
        /// Headers that a browser cannot set on a WebSocket.
        #[prost(btree_map = "string, string", tag = "6")]
        pub headers: BTreeMap<String, String>,
        /// Features asked for; natter offers none of them and ignores it.
        #[prost(int64, tag = "7")]
        pub flag: i64,
        /// Compression dictionary that the client holds; ignored.
        #[prost(string, tag = "8")]
        pub dict: String,
        /// Compression profile that the client wants; ignored.
        #[prost(string, tag = "9")]
        pub profile: String,
    }

    /// Answer to `connect`.
    pub struct ConnectResult {
        /// Id of the connection, a UUID.
        #[prost(string, tag = "1")]
        pub client: String,
        /// Version of the server, for display.
        #[prost(string, tag = "2")]
        pub version: String,
        /// True when the client has to refresh its token within `ttl`.
        #[prost(bool, tag = "3")]
        pub expires: bool,
        /// Seconds until the connection expires.
        #[prost(uint32, tag = "4")]
        pub ttl: u32,
        /// Free data of the backend.
        #[prost(bytes = "bytes", tag = "5")]
        pub data: Bytes,
        /// Server-side subscriptions, by channel.
        #[prost(btree_map = "string, message", tag = "6")]
        pub subs: BTreeMap<String, Listed<SubscribeResult>>,
        /// Seconds between two pings of the server; 0 when it sends none.
        #[prost(uint32, tag = "7")]
        pub ping: u32,
        /// True when the server wants an answer to its pings.
        #[prost(bool, tag = "8")]
        pub pong: bool,
        /// Session id, on emulated and unidirectional transports.
        #[prost(string, tag = "9")]
        pub session: String,
        /// Node id, on emulated transports.
        #[prost(string, tag = "10")]
        pub node: String,
        /// Unix time of the server in milliseconds, when configured.
        #[prost(int64, tag = "11")]
        pub time: i64,
    }

    /// New token for the connection.
    pub struct RefreshRequest {
        /// JSON Web Token of the same user.
        #[prost(string, tag = "1")]
        pub token: String,
    }

    /// Answer to `refresh`.
    pub struct RefreshResult {
        /// Id of the connection; servers leave it empty.
        #[prost(string, tag = "1")]
        pub client: String,
        /// Version of the server; servers leave it empty.
        #[prost(string, tag = "2")]
        pub version: String,
        /// True when the connection expires again.
        #[prost(bool, tag = "3")]
        pub expires: bool,
        /// Seconds until then.
        #[prost(uint32, tag = "4")]
        pub ttl: u32,
    }

    /// Never legal on the wire; kept so that it can be told apart from an empty command.
    pub struct PingRequest {
    }

    /// Counterpart of [`PingRequest`], never sent.
    pub struct PingResult {
    }
}
