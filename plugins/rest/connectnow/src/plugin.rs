//! The plugin: its routes, what they look like to a program, and where they are mounted.

use std::sync::Arc;

use axum::Router;
use natter_node::auth::KeyError;
use natter_node::config::Config;
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_rest::{ApiDocument, Dialect, EventsDocument, RestPlugin};

use crate::connect_now::ConnectNow;
use crate::errors::ConnectNowDialect;
use crate::{live, routes};

/// Where the routes are.
const PREFIXES: [&str; 7] =
    ["/api/user", "/api/chat-user", "/api/companies", "/api/chats", "/chats/*/users", "/chats/*/share", "/join"];

/// Connect Now's API.
pub struct ConnectNowPlugin {
    connect_now: ConnectNow,
    router: Router,
    document: ApiDocument,
}

impl ConnectNowPlugin {
    /// Makes the routes, opens real-time connections to chat users, and begins to delete expired tokens; call it on the
    /// runtime.
    pub fn new(connect_now: ConnectNow) -> Self {
        let (routes, document) = routes::described(&connect_now);
        let router = connect_now.rest().serve::<ConnectNowDialect>(routes.with_state(connect_now.clone()));
        connect_now.broker().token_sources().register(Arc::new(connect_now.clone()));
        connect_now.start_sweeping();
        Self { connect_now, router, document }
    }
}

impl Plugin for ConnectNowPlugin {
    fn name(&self) -> &'static str {
        ConnectNowDialect::NAME
    }

    fn mounts(&self, _listener: &ListenerView) -> Vec<Mount> {
        PREFIXES.into_iter().map(|prefix| Mount { prefix, router: self.router.clone() }).collect()
    }
}

impl RestPlugin for ConnectNowPlugin {
    fn document(&self) -> &ApiDocument {
        &self.document
    }

    fn events(&self) -> EventsDocument {
        live::document()
    }

    fn reload(&self, config: &Config) -> Result<(), KeyError> {
        self.connect_now.reload(config);
        Ok(())
    }
}
