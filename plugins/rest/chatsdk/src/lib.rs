//! ChatSDK's REST API on the chat domain, and the shape of the events that its real-time clients see.
//!
//! A route reads its request, calls [`natter_chat::Chat`] once or twice, and writes what it answers in the document's
//! shape: rules live in the domain, forms live in `shapes`. Who is calling, and how often, is settled by `admission`
//! before a handler runs; every error passes through the one table in `errors`.
//!
//! Ids of channels, messages, devices and workspaces are shown as UUIDs of version 8, users' ids as they were given.

mod admission;
mod api;
mod errors;
mod events;
mod limits;
mod plugin;
mod routes;
mod shapes;
mod tokens;
mod webhooks;

#[cfg(test)]
mod testing;

pub use events::ChatSdkRenderer;
pub use plugin::{ChatSdkParts, ChatSdkPlugin};
pub use webhooks::ChatSdkWebhooks;
