//! Publications and who made them.

use std::collections::BTreeMap;

use bytes::Bytes;

messages! {
    /// One message of a channel.
    pub struct Publication {
        /// Body; to a JSON subscriber with deltas always a JSON string.
        #[prost(bytes = "bytes", tag = "4")]
        pub data: Bytes,
        /// Publisher, when a client published.
        #[prost(message, optional, tag = "5")]
        pub info: Option<ClientInfo>,
        /// Number in the stream, from 1; 0 without history.
        #[prost(uint64, tag = "6")]
        pub offset: u64,
        /// Tags for filters and applications.
        #[prost(btree_map = "string, string", tag = "7")]
        pub tags: BTreeMap<String, String>,
        /// True when `data` is a patch of the previous publication.
        #[prost(bool, tag = "8")]
        pub delta: bool,
        /// Unix time of publishing in milliseconds, when configured.
        #[prost(int64, tag = "9")]
        pub time: i64,
        /// Channel, where it differs from the channel of the push.
        #[prost(string, tag = "10")]
        pub channel: String,
        /// Key in a map.
        #[prost(string, tag = "11")]
        pub key: String,
        /// True when the key was deleted.
        #[prost(bool, tag = "12")]
        pub removed: bool,
        /// Order of the key in a map.
        #[prost(sint64, tag = "13")]
        pub score: i64,
        /// Identity of the stream, on the publication with offset 1.
        #[prost(string, tag = "14")]
        pub epoch: String,
        /// Body that a patch starts from.
        #[prost(bytes = "bytes", tag = "15")]
        pub prev_data: Bytes,
        /// Version of a keyed value.
        #[prost(uint64, tag = "16")]
        pub version: u64,
    }
}

/// A connection as others see it. JSON writes `user` and `client` even if they are empty.
#[derive(Clone, PartialEq, Eq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ClientInfo {
    /// User id; empty for anonymous.
    #[prost(string, tag = "1")]
    #[serde(with = "crate::centrifuge::json_field")]
    pub user: String,
    /// Client id, a UUID.
    #[prost(string, tag = "2")]
    #[serde(with = "crate::centrifuge::json_field")]
    pub client: String,
    /// Data of the connection token.
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(with = "crate::centrifuge::json_field", skip_serializing_if = "crate::centrifuge::json_field::is_absent")]
    pub conn_info: Bytes,
    /// Data of the subscription token.
    #[prost(bytes = "bytes", tag = "4")]
    #[serde(with = "crate::centrifuge::json_field", skip_serializing_if = "crate::centrifuge::json_field::is_absent")]
    pub chan_info: Bytes,
}
