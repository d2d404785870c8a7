//! Asking who is in a channel.

use std::collections::BTreeMap;

use super::ClientInfo;

messages! {
    /// Asks for every connection in a channel.
    pub struct PresenceRequest {
        /// Channel to look into.
        #[prost(string, tag = "1")]
        pub channel: String,
    }

    /// Asks for numbers only.
    pub struct PresenceStatsRequest {
        /// Channel to look into.
        #[prost(string, tag = "1")]
        pub channel: String,
    }
}

/// Answer to `presence`. JSON writes the map even if it is empty.
#[derive(Clone, PartialEq, Eq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct PresenceResult {
    /// Connections by client id.
    #[prost(btree_map = "string, message", tag = "1")]
    #[serde(with = "crate::centrifuge::json_field")]
    pub presence: BTreeMap<String, ClientInfo>,
}

/// Answer to `presence_stats`. JSON writes both numbers even if they are 0.
#[derive(Clone, PartialEq, Eq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct PresenceStatsResult {
    /// Connections in the channel.
    #[prost(uint32, tag = "1")]
    #[serde(with = "crate::centrifuge::json_field")]
    pub num_clients: u32,
    /// Distinct users in the channel; anonymous connections are one user together.
    #[prost(uint32, tag = "2")]
    #[serde(with = "crate::centrifuge::json_field")]
    pub num_users: u32,
}
