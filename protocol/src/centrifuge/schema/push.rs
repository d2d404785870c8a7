//! What a push can hold besides a publication.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{ClientInfo, Listed, SubscribeResult};

messages! {
    /// Somebody subscribed.
    pub struct Join {
        /// Who.
        #[prost(message, optional, tag = "1")]
        pub info: Option<ClientInfo>,
    }

    /// Somebody unsubscribed or went away.
    pub struct Leave {
        /// Who.
        #[prost(message, optional, tag = "1")]
        pub info: Option<ClientInfo>,
    }

    /// The server ended a subscription; codes are in [`codes`](crate::centrifuge::codes).
    pub struct Unsubscribe {
        /// Why, as a number.
        #[prost(uint32, tag = "2")]
        pub code: u32,
        /// Why, for people.
        #[prost(string, tag = "3")]
        pub reason: String,
    }

    /// The server subscribed the connection.
    pub struct Subscribe {
        /// True when the client is to keep the position.
        #[prost(bool, tag = "1")]
        pub recoverable: bool,
        /// Identity of the stream.
        #[prost(string, tag = "4")]
        pub epoch: String,
        /// Top of the stream.
        #[prost(uint64, tag = "5")]
        pub offset: u64,
        /// True when gaps are detected.
        #[prost(bool, tag = "6")]
        pub positioned: bool,
        /// Free data of the backend.
        #[prost(bytes = "bytes", tag = "7")]
        pub data: Bytes,
    }

    /// A message outside of channels.
    pub struct Message {
        /// Its body.
        #[prost(bytes = "bytes", tag = "1")]
        pub data: Bytes,
    }

    /// First push of a unidirectional connection; the fields are those of
    /// [`ConnectResult`](super::ConnectResult).
    pub struct Connect {
        /// Id of the connection.
        #[prost(string, tag = "1")]
        pub client: String,
        /// Version of the server.
        #[prost(string, tag = "2")]
        pub version: String,
        /// Free data of the backend.
        #[prost(bytes = "bytes", tag = "3")]
        pub data: Bytes,
        /// Server-side subscriptions, by channel.
        #[prost(btree_map = "string, message", tag = "4")]
        pub subs: BTreeMap<String, Listed<SubscribeResult>>,
        /// True when the connection expires.
        #[prost(bool, tag = "5")]
        pub expires: bool,
        /// Seconds until then.
        #[prost(uint32, tag = "6")]
        pub ttl: u32,
        /// Seconds between two pings of the server.
        #[prost(uint32, tag = "7")]
        pub ping: u32,
        /// Always false: such a connection cannot answer.
        #[prost(bool, tag = "8")]
        pub pong: bool,
        /// Session id.
        #[prost(string, tag = "9")]
        pub session: String,
        /// Node id.
        #[prost(string, tag = "10")]
        pub node: String,
        /// Unix time of the server in milliseconds.
        #[prost(int64, tag = "11")]
        pub time: i64,
    }

    /// Why the connection ends.
    pub struct Disconnect {
        /// Why, as a number.
        #[prost(uint32, tag = "1")]
        pub code: u32,
        /// Why, for people.
        #[prost(string, tag = "2")]
        pub reason: String,
        /// Legacy, never set: clients go by the code.
        #[prost(bool, tag = "3")]
        pub reconnect: bool,
    }

    /// The server changed the expiry of the connection.
    pub struct Refresh {
        /// True when the connection expires.
        #[prost(bool, tag = "1")]
        pub expires: bool,
        /// Seconds until then.
        #[prost(uint32, tag = "2")]
        pub ttl: u32,
    }
}
