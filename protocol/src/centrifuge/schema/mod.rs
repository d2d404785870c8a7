//! Messages of the Centrifugo client protocol, one set of types for both encodings.
//!
//! Every struct carries its Protobuf tags (`prost`) and its JSON form (`serde`). In JSON a field that is empty is left
//! out, with the exceptions that clients rely on: `user` and `client` of [`ClientInfo`] and all fields of
//! [`PresenceResult`], [`PresenceStatsResult`] and [`HistoryResult`]. Reading ignores unknown fields and takes `null`
//! for absent. A [`bytes::Bytes`] field is one raw JSON value on JSON connections, passed through unparsed but for its
//! raw newlines, which are dropped when it is written; on Protobuf connections it is opaque bytes.

/// Declares messages of which JSON leaves out every empty field.
macro_rules! messages {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident: $type:ty, )*
        }
    )*) => { $(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, ::prost::Message, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default)]
        pub struct $name { $(
            $(#[$field_meta])*
            #[serde(
                with = "crate::centrifuge::json_field",
                skip_serializing_if = "crate::centrifuge::json_field::is_absent"
            )]
            pub $field: $type,
        )* }
    )* };
}

mod channel;
mod connection;
mod frame;
mod history;
mod listed;
mod presence;
mod publication;
mod push;
mod subscription;

pub use channel::{
    PublishRequest, PublishResult, RpcRequest, RpcResult, SendRequest, UnsubscribeRequest, UnsubscribeResult,
};
pub use connection::{ConnectRequest, ConnectResult, PingRequest, PingResult, RefreshRequest, RefreshResult};
pub use frame::{Command, EmulationRequest, Error, Push, Reply};
pub use history::{HistoryRequest, HistoryResult, StreamPosition};
pub use listed::Listed;
pub use presence::{PresenceRequest, PresenceResult, PresenceStatsRequest, PresenceStatsResult};
pub use publication::{ClientInfo, Publication};
pub use push::{Connect, Disconnect, Join, Leave, Message, Refresh, Subscribe, Unsubscribe};
pub use subscription::{
    FilterNode, KeyedItem, SubRefreshRequest, SubRefreshResult, SubscribeRequest, SubscribeResult, TrackBatch,
};
