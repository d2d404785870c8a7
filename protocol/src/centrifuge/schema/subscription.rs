//! Subscribing to a channel and prolonging the subscription.

use bytes::Bytes;

use super::Publication;

messages! {
    /// Subscribes to a channel, or recovers a server-side subscription inside a connect command.
    pub struct SubscribeRequest {
        /// Channel to subscribe to.
        #[prost(string, tag = "1")]
        pub channel: String,
        /// JSON Web Token for the channel; empty when the namespace needs none.
        #[prost(string, tag = "2")]
        pub token: String,
        /// True to ask for what was missed since `offset`.
        #[prost(bool, tag = "3")]
        pub recover: bool,
        /// Epoch of the position to recover from.
        #[prost(string, tag = "6")]
        pub epoch: String,
        /// Offset of the last publication that the client saw.
        #[prost(uint64, tag = "7")]
        pub offset: u64,
        /// Free data for the backend.
        #[prost(bytes = "bytes", tag = "8")]
        pub data: Bytes,
        /// True to ask for gap detection.
        #[prost(bool, tag = "9")]
        pub positioned: bool,
        /// True to ask for recovery after a reconnect.
        #[prost(bool, tag = "10")]
        pub recoverable: bool,
        /// True to ask for join and leave pushes.
        #[prost(bool, tag = "11")]
        pub join_leave: bool,
        /// Delta compression asked for: empty or `fossil`.
        #[prost(string, tag = "12")]
        pub delta: String,
        /// Filter on the tags of publications.
        #[prost(message, optional, tag = "13")]
        pub tf: Option<FilterNode>,
        /// Bit 1: numeric channel ids are understood. Bit 2: answer a failed recovery with error 112.
        #[prost(int64, tag = "14")]
        pub flag: i64,
        /// Kind of subscription: 0 stream, 1 map, 2 map of clients, 3 map of users, 4 shared poll.
        #[prost(int32, tag = "15")]
        pub r#type: i32,
        /// Phase of a map subscription: 2 state, 1 stream, 0 live.
        #[prost(int32, tag = "16")]
        pub phase: i32,
        /// Page of the state phase.
        #[prost(string, tag = "17")]
        pub cursor: String,
        /// Page size of the state phase.
        #[prost(int32, tag = "18")]
        pub limit: i32,
        /// True for ascending pages.
        #[prost(bool, tag = "19")]
        pub asc: bool,
    }

    /// Answer to `subscribe`.
    pub struct SubscribeResult {
        /// True when the client has to refresh the subscription within `ttl`.
        #[prost(bool, tag = "1")]
        pub expires: bool,
        /// Seconds until the subscription expires.
        #[prost(uint32, tag = "2")]
        pub ttl: u32,
        /// True when the client is to keep the position and recover from it.
        #[prost(bool, tag = "3")]
        pub recoverable: bool,
        /// Identity of the stream.
        #[prost(string, tag = "6")]
        pub epoch: String,
        /// What was missed, ascending; only after a successful recovery.
        #[prost(message, repeated, tag = "7")]
        pub publications: Vec<Publication>,
        /// True when nothing is missing between the request's position and now.
        #[prost(bool, tag = "8")]
        pub recovered: bool,
        /// Top of the stream, or the request's offset when `recovered` is set.
        #[prost(uint64, tag = "9")]
        pub offset: u64,
        /// True when gaps are detected.
        #[prost(bool, tag = "10")]
        pub positioned: bool,
        /// Free data of the token or the backend.
        #[prost(bytes = "bytes", tag = "11")]
        pub data: Bytes,
        /// True when a recovery was tried.
        #[prost(bool, tag = "12")]
        pub was_recovering: bool,
        /// True when publications come as deltas.
        #[prost(bool, tag = "13")]
        pub delta: bool,
        /// Numeric id that later pushes use in place of the name.
        #[prost(int64, tag = "14")]
        pub id: i64,
        /// Kind of subscription, as in the request.
        #[prost(int32, tag = "15")]
        pub r#type: i32,
        /// Phase of a map subscription.
        #[prost(int32, tag = "16")]
        pub phase: i32,
        /// Next page of the state phase.
        #[prost(string, tag = "17")]
        pub cursor: String,
        /// Entries of the state phase.
        #[prost(message, repeated, tag = "18")]
        pub state: Vec<Publication>,
        /// Milliseconds that a client should gather its publications for.
        #[prost(uint32, tag = "19")]
        pub publish_debounce: u32,
    }

    /// New token for a subscription, or a change of the tracked keys.
    pub struct SubRefreshRequest {
        /// Channel of the subscription.
        #[prost(string, tag = "1")]
        pub channel: String,
        /// JSON Web Token for the channel.
        #[prost(string, tag = "2")]
        pub token: String,
        /// 0 refresh, 1 track, 2 untrack.
        #[prost(int32, tag = "3")]
        pub r#type: i32,
        /// Keys to track.
        #[prost(message, repeated, tag = "4")]
        pub track: Vec<TrackBatch>,
        /// Keys to track no longer.
        #[prost(string, repeated, tag = "5")]
        pub untrack: Vec<String>,
    }

    /// Answer to `sub_refresh`.
    pub struct SubRefreshResult {
        /// True when the subscription expires again.
        #[prost(bool, tag = "1")]
        pub expires: bool,
        /// Seconds until then.
        #[prost(uint32, tag = "2")]
        pub ttl: u32,
        /// Current values of newly tracked keys.
        #[prost(message, repeated, tag = "3")]
        pub items: Vec<Publication>,
    }

    /// Keys whose tracking one signature allows.
    pub struct TrackBatch {
        /// `iat:exp:hexhmac`.
        #[prost(string, tag = "1")]
        pub signature: String,
        /// Keys with the versions that the client has.
        #[prost(message, repeated, tag = "2")]
        pub items: Vec<KeyedItem>,
    }

    /// A tracked key.
    pub struct KeyedItem {
        /// The key.
        #[prost(string, tag = "1")]
        pub key: String,
        /// Version that the client has.
        #[prost(uint64, tag = "2")]
        pub version: u64,
    }

    /// Node of a filter on tags; [`Filter`](crate::centrifuge::filter::Filter) checks and evaluates it.
    pub struct FilterNode {
        /// Empty for a comparison, else `and`, `or` or `not`.
        #[prost(string, tag = "1")]
        pub op: String,
        /// Tag that a comparison reads.
        #[prost(string, tag = "2")]
        pub key: String,
        /// Name of the comparison.
        #[prost(string, tag = "3")]
        pub cmp: String,
        /// Value to compare with.
        #[prost(string, tag = "4")]
        pub val: String,
        /// Values to compare with, for `in` and `nin`.
        #[prost(string, repeated, tag = "5")]
        pub vals: Vec<String>,
        /// Operands of an operator.
        #[prost(message, repeated, tag = "6")]
        pub nodes: Vec<FilterNode>,
    }
}
