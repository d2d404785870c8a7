//! The plugin: its routes, what they look like to a program, and where they are mounted.

use axum::Router;
use natter_node::auth::KeyError;
use natter_node::config::Config;
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_node::realtime::UserTokens;
use natter_rest::{ApiDocument, Dialect, EventsDocument, RestPlugin};

use crate::campus::Campus;
use crate::errors::CampusDialect;
use crate::{events, routes};

/// Where the routes are. `/chats` belongs to it but for the longer prefixes of other dialects.
const PREFIXES: [&str; 2] = ["/chats", "/chats-sync"];

/// The document's REST API.
pub struct CampusPlugin {
    campus: Campus,
    tokens: UserTokens,
    router: Router,
    document: ApiDocument,
}

impl CampusPlugin {
    /// Makes the routes. `tokens` are those that the app on sockets was made with.
    pub fn new(campus: Campus, tokens: UserTokens) -> Self {
        let (routes, document) = routes::described(&campus);
        let router = campus.rest().serve::<CampusDialect>(routes.with_state(campus.clone()));
        Self { campus, tokens, router, document }
    }
}

impl Plugin for CampusPlugin {
    fn name(&self) -> &'static str {
        CampusDialect::NAME
    }

    fn mounts(&self, _listener: &ListenerView) -> Vec<Mount> {
        PREFIXES.map(|prefix| Mount { prefix, router: self.router.clone() }).into()
    }
}

impl RestPlugin for CampusPlugin {
    fn document(&self) -> &ApiDocument {
        &self.document
    }

    fn events(&self) -> EventsDocument {
        events::document()
    }

    fn reload(&self, config: &Config) -> Result<(), KeyError> {
        self.tokens.reload(config)?;
        self.campus.reload(config);
        Ok(())
    }
}
