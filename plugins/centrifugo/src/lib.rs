//! Centrifugo's client protocol and server API: stock clients and back-end SDKs work unchanged.
//!
//! `routes` mounts the endpoints, `session` is one connection's protocol state, `server_api` what a tenant's backend
//! calls, `proxy` what natter asks that backend, `namespaces` the rules of channels, `codec` the shared wire forms.

mod codec;
mod key_mode;
mod metrics;
mod namespaces;
mod plugin;
pub mod proxy;
mod routes;
mod server_api;
mod session;
mod shared;
mod shared_poll;

pub use plugin::CentrifugoPlugin;
