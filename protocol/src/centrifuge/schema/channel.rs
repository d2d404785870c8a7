//! Requests about one channel, and calls outside of channels.

use bytes::Bytes;

messages! {
    /// Ends a subscription of the client.
    pub struct UnsubscribeRequest {
        /// Channel to leave.
        #[prost(string, tag = "1")]
        pub channel: String,
    }

    /// Answer to `unsubscribe`.
    pub struct UnsubscribeResult {
    }

    /// Publishes into a channel.
    pub struct PublishRequest {
        /// Channel to publish into.
        #[prost(string, tag = "1")]
        pub channel: String,
        /// Body of the publication.
        #[prost(bytes = "bytes", tag = "2")]
        pub data: Bytes,
        /// 0 for a stream, 1 for a keyed map.
        #[prost(int32, tag = "3")]
        pub r#type: i32,
        /// Key in a map.
        #[prost(string, tag = "4")]
        pub key: String,
        /// True to delete the key.
        #[prost(bool, tag = "5")]
        pub removed: bool,
    }

    /// Answer to `publish`.
    pub struct PublishResult {
    }

    /// Calls a backend method.
    pub struct RpcRequest {
        /// Parameters of the method.
        #[prost(bytes = "bytes", tag = "1")]
        pub data: Bytes,
        /// Name of the method.
        #[prost(string, tag = "2")]
        pub method: String,
    }

    /// Answer to `rpc`.
    pub struct RpcResult {
        /// What the method returned.
        #[prost(bytes = "bytes", tag = "1")]
        pub data: Bytes,
    }

    /// A message that is not answered.
    pub struct SendRequest {
        /// Body of the message.
        #[prost(bytes = "bytes", tag = "1")]
        pub data: Bytes,
    }
}
