//! Reading stored publications.

use super::Publication;

messages! {
    /// Place in a stream.
    pub struct StreamPosition {
        /// Number of a publication; 0 is before the first.
        #[prost(uint64, tag = "1")]
        pub offset: u64,
        /// Identity of the stream; empty matches any.
        #[prost(string, tag = "2")]
        pub epoch: String,
    }

    /// Reads stored publications of a channel.
    pub struct HistoryRequest {
        /// Channel to read.
        #[prost(string, tag = "1")]
        pub channel: String,
        /// How many publications at most: 0 none (only the position), -1 as many as the server allows.
        #[prost(int32, tag = "7")]
        pub limit: i32,
        /// Read after this position, or before it when `reverse`.
        #[prost(message, optional, tag = "8")]
        pub since: Option<StreamPosition>,
        /// True to go from new to old.
        #[prost(bool, tag = "9")]
        pub reverse: bool,
    }
}

/// Answer to `history`. JSON writes all fields, empty or not.
#[derive(Clone, PartialEq, Eq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct HistoryResult {
    /// The publications in the order that was asked for.
    #[prost(message, repeated, tag = "1")]
    #[serde(with = "crate::centrifuge::json_field")]
    pub publications: Vec<Publication>,
    /// Identity of the stream.
    #[prost(string, tag = "2")]
    #[serde(with = "crate::centrifuge::json_field")]
    pub epoch: String,
    /// Top of the stream.
    #[prost(uint64, tag = "3")]
    #[serde(with = "crate::centrifuge::json_field")]
    pub offset: u64,
}
