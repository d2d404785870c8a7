//! The outermost messages: what one frame is a list of.

use bytes::Bytes;

use super::{
    Connect, ConnectRequest, ConnectResult, Disconnect, HistoryRequest, HistoryResult, Join, Leave, Message,
    PingRequest, PingResult, PresenceRequest, PresenceResult, PresenceStatsRequest, PresenceStatsResult, Publication,
    PublishRequest, PublishResult, Refresh, RefreshRequest, RefreshResult, RpcRequest, RpcResult, SendRequest,
    SubRefreshRequest, SubRefreshResult, Subscribe, SubscribeRequest, SubscribeResult, Unsubscribe, UnsubscribeRequest,
    UnsubscribeResult,
};

messages! {
    /// One request of a client. An entirely empty command is the answer to a ping.
    pub struct Command {
        /// Number that the reply repeats; above 0 for everything that is answered.
        #[prost(uint32, tag = "1")]
        pub id: u32,
        /// Authenticates the connection; must be the first command.
        #[prost(message, optional, tag = "4")]
        pub connect: Option<ConnectRequest>,
        /// Subscribes to a channel.
        #[prost(message, optional, tag = "5")]
        pub subscribe: Option<SubscribeRequest>,
        /// Ends a subscription.
        #[prost(message, optional, tag = "6")]
        pub unsubscribe: Option<UnsubscribeRequest>,
        /// Publishes into a channel.
        #[prost(message, optional, tag = "7")]
        pub publish: Option<PublishRequest>,
        /// Asks who is in a channel.
        #[prost(message, optional, tag = "8")]
        pub presence: Option<PresenceRequest>,
        /// Asks how many are in a channel.
        #[prost(message, optional, tag = "9")]
        pub presence_stats: Option<PresenceStatsRequest>,
        /// Reads stored publications.
        #[prost(message, optional, tag = "10")]
        pub history: Option<HistoryRequest>,
        /// Part of the schema but never a legal request: a session closes a connection that sends it.
        #[prost(message, optional, tag = "11")]
        pub ping: Option<PingRequest>,
        /// Message without an answer.
        #[prost(message, optional, tag = "12")]
        pub send: Option<SendRequest>,
        /// Call of a backend method.
        #[prost(message, optional, tag = "13")]
        pub rpc: Option<RpcRequest>,
        /// Prolongs the connection with a new token.
        #[prost(message, optional, tag = "14")]
        pub refresh: Option<RefreshRequest>,
        /// Prolongs a subscription with a new token, or changes the tracked keys.
        #[prost(message, optional, tag = "15")]
        pub sub_refresh: Option<SubRefreshRequest>,
    }

    /// One message to a client: the answer to a command, a push, or (entirely empty) a ping.
    pub struct Reply {
        /// Id of the answered command; 0 for a push and for a ping.
        #[prost(uint32, tag = "1")]
        pub id: u32,
        /// Set when the command failed; then no result is.
        #[prost(message, optional, tag = "2")]
        pub error: Option<Error>,
        /// What happened without being asked for.
        #[prost(message, optional, tag = "4")]
        pub push: Option<Push>,
        /// Result of `connect`.
        #[prost(message, optional, tag = "5")]
        pub connect: Option<ConnectResult>,
        /// Result of `subscribe`.
        #[prost(message, optional, tag = "6")]
        pub subscribe: Option<SubscribeResult>,
        /// Result of `unsubscribe`.
        #[prost(message, optional, tag = "7")]
        pub unsubscribe: Option<UnsubscribeResult>,
        /// Result of `publish`.
        #[prost(message, optional, tag = "8")]
        pub publish: Option<PublishResult>,
        /// Result of `presence`.
        #[prost(message, optional, tag = "9")]
        pub presence: Option<PresenceResult>,
        /// Result of `presence_stats`.
        #[prost(message, optional, tag = "10")]
        pub presence_stats: Option<PresenceStatsResult>,
        /// Result of `history`.
        #[prost(message, optional, tag = "11")]
        pub history: Option<HistoryResult>,
        /// Part of the schema, never sent: a ping is an empty reply.
        #[prost(message, optional, tag = "12")]
        pub ping: Option<PingResult>,
        /// Result of `rpc`.
        #[prost(message, optional, tag = "13")]
        pub rpc: Option<RpcResult>,
        /// Result of `refresh`.
        #[prost(message, optional, tag = "14")]
        pub refresh: Option<RefreshResult>,
        /// Result of `sub_refresh`.
        #[prost(message, optional, tag = "15")]
        pub sub_refresh: Option<SubRefreshResult>,
    }

    /// What happened in one channel, or to the whole connection when `channel` is empty.
    pub struct Push {
        /// Numeric id in place of the channel name, for clients that negotiated it.
        #[prost(int64, tag = "1")]
        pub id: i64,
        /// Channel that the push is about.
        #[prost(string, tag = "2")]
        pub channel: String,
        /// A publication.
        #[prost(message, optional, tag = "4")]
        pub r#pub: Option<Publication>,
        /// Somebody came.
        #[prost(message, optional, tag = "5")]
        pub join: Option<Join>,
        /// Somebody left.
        #[prost(message, optional, tag = "6")]
        pub leave: Option<Leave>,
        /// The server ended the subscription.
        #[prost(message, optional, tag = "7")]
        pub unsubscribe: Option<Unsubscribe>,
        /// A message outside of channels.
        #[prost(message, optional, tag = "8")]
        pub message: Option<Message>,
        /// The server subscribed the connection.
        #[prost(message, optional, tag = "9")]
        pub subscribe: Option<Subscribe>,
        /// First message of a unidirectional connection.
        #[prost(message, optional, tag = "10")]
        pub connect: Option<Connect>,
        /// Why the connection ends, on transports without close frames.
        #[prost(message, optional, tag = "11")]
        pub disconnect: Option<Disconnect>,
        /// The server changed the expiry of the connection.
        #[prost(message, optional, tag = "12")]
        pub refresh: Option<Refresh>,
    }

    /// Why a command failed; the values are in [`codes`](crate::centrifuge::codes).
    pub struct Error {
        /// Stable number of the cause.
        #[prost(uint32, tag = "1")]
        pub code: u32,
        /// Text for people.
        #[prost(string, tag = "2")]
        pub message: String,
        /// True when the same command may succeed later.
        #[prost(bool, tag = "3")]
        pub temporary: bool,
    }

    /// Client-to-server half of a connection over HTTP streaming or server-sent events.
    pub struct EmulationRequest {
        /// Node which holds the connection, as the connect reply named it.
        #[prost(string, tag = "1")]
        pub node: String,
        /// Session on that node.
        #[prost(string, tag = "2")]
        pub session: String,
        /// A frame of commands; on JSON a JSON string whose text is the frame.
        #[prost(bytes = "bytes", tag = "3")]
        pub data: Bytes,
    }
}

impl EmulationRequest {
    /// The frame inside a request that was read as JSON, or `None` when `data` is not a JSON string.
    pub fn json_frame(&self) -> Option<String> {
        serde_json::from_slice(&self.data).ok()
    }
}
