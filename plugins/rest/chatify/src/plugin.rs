//! The plugin: its routes, what they look like to a program, and where they are mounted.

use axum::Router;
use natter_node::auth::KeyError;
use natter_node::config::Config;
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_rest::{ApiDocument, Dialect, EventsDocument, RestPlugin};

use crate::chatify::Chatify;
use crate::errors::ChatifyDialect;
use crate::{live, routes};

/// Where the routes are.
const PREFIX: &str = "/api/v1";

/// ChatifyAPI over REST.
pub struct ChatifyPlugin {
    chatify: Chatify,
    router: Router,
    document: ApiDocument,
}

impl ChatifyPlugin {
    /// Makes the routes, and begins to close sockets whose time is over; call it on the runtime.
    pub fn new(chatify: Chatify) -> Self {
        let (routes, document) = routes::described(&chatify);
        let router = chatify.rest().serve::<ChatifyDialect>(routes.with_state(chatify.clone()));
        chatify.start_closing();
        Self { chatify, router, document }
    }
}

impl Plugin for ChatifyPlugin {
    fn name(&self) -> &'static str {
        ChatifyDialect::NAME
    }

    fn mounts(&self, _listener: &ListenerView) -> Vec<Mount> {
        vec![Mount { prefix: PREFIX, router: self.router.clone() }]
    }
}

impl RestPlugin for ChatifyPlugin {
    fn document(&self) -> &ApiDocument {
        &self.document
    }

    fn events(&self) -> EventsDocument {
        live::document()
    }

    fn reload(&self, config: &Config) -> Result<(), KeyError> {
        self.chatify.reload(config)
    }
}
