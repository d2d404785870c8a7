//! The plugin: its routes, what they look like to a program, and where they are mounted.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use natter_chat::Chat;
use natter_node::auth::KeyError;
use natter_node::config::Config;
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_outbox::guard::GuardedClient;
use natter_outbox::push::PushSender;
use natter_rest::{ApiDocument, Dialect, EventsDocument, Rest, RestPlugin};

use crate::admission::show_rate;
use crate::api::Api;
use crate::errors::ChatSdk;
use crate::{events, routes};

/// Where the routes are. `/api` belongs to it but for the longer prefixes of other dialects.
const PREFIXES: [&str; 3] = ["/tokens", "/api", "/invite"];

/// ChatSDK's REST API.
pub struct ChatSdkPlugin {
    api: Api,
    router: Router,
    document: ApiDocument,
}

/// What ChatSDK is made of.
pub struct ChatSdkParts {
    /// The domain.
    pub chat: Chat,
    /// What it shares with the node's other dialects.
    pub rest: Arc<Rest>,
    /// Knows Novu's preferences.
    pub push: Arc<PushSender>,
    /// Knows which webhooks can be reached.
    pub client: GuardedClient,
}

impl ChatSdkPlugin {
    /// Makes the routes over a running domain.
    pub fn new(config: &Config, parts: ChatSdkParts) -> Self {
        let rest = Arc::clone(&parts.rest);
        let api = Api::new(config, parts);
        let (routes, document) = routes::described(&api);
        let router = rest.serve::<ChatSdk>(routes.with_state(api.clone()));
        let router = router.layer(from_fn_with_state(api.clone(), show_rate));
        Self { api, router, document }
    }
}

impl Plugin for ChatSdkPlugin {
    fn name(&self) -> &'static str {
        ChatSdk::NAME
    }

    fn mounts(&self, _listener: &ListenerView) -> Vec<Mount> {
        PREFIXES.map(|prefix| Mount { prefix, router: self.router.clone() }).into()
    }
}

impl RestPlugin for ChatSdkPlugin {
    fn document(&self) -> &ApiDocument {
        &self.document
    }

    fn events(&self) -> EventsDocument {
        events::document()
    }

    fn reload(&self, config: &Config) -> Result<(), KeyError> {
        self.api.reload(config);
        Ok(())
    }
}
