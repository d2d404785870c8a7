//! The plugin: its routes, what they look like to a program, and where they are mounted.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use natter_chat::Chat;
use natter_node::auth::KeyError;
use natter_node::config::Config;
use natter_node::plugin::{ListenerView, Mount, Plugin};
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

impl ChatSdkPlugin {
    /// Makes the routes over a running domain.
    pub fn new(config: &Config, chat: Chat, rest: &Arc<Rest>) -> Self {
        let api = Api::new(config, chat, Arc::clone(rest));
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
