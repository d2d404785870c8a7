//! Configuration: one typed tree with a default for every key, read once into a frozen value.
//!
//! The order is defaults, file, environment (`NATTER__SECTION__KEY`); a later one wins. Unknown keys are errors. What
//! [`Config::load`] returns has passed every check, so nothing that uses it checks again.

mod address;
mod centrifugo;
mod decode;
mod decode_error;
mod duration;
mod environment;
mod errors;
mod hint;
mod limits;
mod load;
mod maps;
mod namespaces;
mod node;
mod pattern;
mod plugins;
mod proxy;
mod reload;
mod secret;
mod server;
mod services;
mod shared_poll;
mod storage;
mod tenants;
mod tree;
mod validate;
mod warnings;

#[cfg(test)]
mod tests;

pub use address::AddressRange;
pub use centrifugo::{Centrifugo, ErrorMode, HttpApi, PersonalChannel, Transports};
pub use duration::parse as parse_duration;
pub use errors::{ConfigError, KeyPath, Origin, Problem, Step};
pub use limits::{Limits, TenantLimits};
pub use maps::{ClientKey, MapMode, MapOptions};
pub use namespaces::{DataFormat, DeltaType, Namespace, RecoveryMode, SubscriptionType};
pub use pattern::Pattern;
pub use plugins::{
    Campus, ChatSdk, ChatSdkLimits, Chatify, ConnectNow, ConnectNowUser, OpenChat, PLUGIN_NAMES, Plugins, SocketIo,
};
pub use proxy::{
    ChannelProxies, ChannelSection, ClientProxies, ClientSection, DEFAULT_PROXY, Proxy, ProxyHttp, RpcNamespace,
    RpcOptions, RpcSection, StatusTransform, TransformDisconnect, TransformError,
};
pub use reload::ReloadDifference;
pub use secret::Secret;
pub use server::{Listener, Metrics, Quic, Server};
pub use services::{Apns, Expo, Fcm, Files, LinkPreviews, Mail, Novu, Push, Webhooks};
pub use shared_poll::{SharedPoll, SharedPollMode, SharedPollOptions};
pub use storage::{Cluster, Consistency, Durability, SerialConsistency, Store, StoreKind};
pub use tenants::{Tenant, TokenAlgorithm};
pub use tree::Config;
pub use warnings::Warning;
