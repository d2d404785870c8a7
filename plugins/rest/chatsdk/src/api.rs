//! What all handlers share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::extract::FromRef;
use natter_chat::Chat;
use natter_node::config::{ChatSdkLimits, Config, Files};
use natter_outbox::guard::GuardedClient;
use natter_outbox::push::PushSender;
use natter_rest::Rest;

use crate::plugin::ChatSdkParts;

/// The state of the routes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api(Arc<Parts>);

struct Parts {
    chat: Chat,
    rest: Arc<Rest>,
    push: Arc<PushSender>,
    client: GuardedClient,
    limits: ArcSwap<ChatSdkLimits>,
    files: Files,
    public_url: String,
}

impl Api {
    pub(crate) fn new(config: &Config, parts: ChatSdkParts) -> Self {
        let ChatSdkParts { chat, rest, push, client } = parts;
        Self(Arc::new(Parts {
            chat,
            rest,
            push,
            client,
            limits: ArcSwap::from_pointee(config.plugins.chatsdk.limits.clone()),
            files: config.files.clone(),
            public_url: config.server.public_url.trim_end_matches('/').to_owned(),
        }))
    }

    pub(crate) fn reload(&self, config: &Config) {
        self.0.limits.store(Arc::new(config.plugins.chatsdk.limits.clone()));
    }

    /// The domain.
    pub(crate) fn chat(&self) -> &Chat {
        &self.0.chat
    }

    /// What it shares with the node's other dialects.
    pub(crate) fn rest(&self) -> &Arc<Rest> {
        &self.0.rest
    }

    /// The providers of push notifications.
    pub(crate) fn push(&self) -> &PushSender {
        &self.0.push
    }

    /// The client that webhooks are sent with.
    pub(crate) fn client(&self) -> &GuardedClient {
        &self.0.client
    }

    /// Calls per minute of a tenant that has no limits of its own.
    pub(crate) fn limits(&self) -> Arc<ChatSdkLimits> {
        self.0.limits.load_full()
    }

    /// `[files]`.
    pub(crate) fn files(&self) -> &Files {
        &self.0.files
    }

    /// The base of links, without a slash at its end.
    pub(crate) fn public_url(&self) -> &str {
        &self.0.public_url
    }
}

impl FromRef<Api> for Arc<Rest> {
    fn from_ref(api: &Api) -> Self {
        Arc::clone(api.rest())
    }
}
