//! The plugin: its routes, what they look like to a program, and where they are mounted.

use axum::Router;
use natter_node::auth::KeyError;
use natter_node::config::Config;
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_rest::{ApiDocument, Dialect, EventsDocument, RestPlugin};

use crate::errors::OpenChatDialect;
use crate::open_chat::OpenChat;
use crate::{events, previous_version, routes};

/// Open Chat's REST API.
pub struct OpenChatPlugin {
    open_chat: OpenChat,
    router: Router,
    document: ApiDocument,
}

impl OpenChatPlugin {
    /// Makes the routes, and begins to delete expired tokens; call it on the runtime.
    pub fn new(open_chat: OpenChat) -> Self {
        let (routes, document) = routes::described(&open_chat);
        let router = open_chat.rest().serve::<OpenChatDialect>(routes.with_state(open_chat.clone()));
        open_chat.accounts().start_sweeping();
        Self { open_chat, router, document }
    }

    /// What can be done, for sockets.
    pub fn open_chat(&self) -> &OpenChat {
        &self.open_chat
    }
}

impl Plugin for OpenChatPlugin {
    fn name(&self) -> &'static str {
        OpenChatDialect::NAME
    }

    fn mounts(&self, _listener: &ListenerView) -> Vec<Mount> {
        let aliases = previous_version::aliases(self.router.clone());
        vec![Mount { prefix: "/v2", router: self.router.clone() }, Mount { prefix: "/v1", router: aliases }]
    }
}

impl RestPlugin for OpenChatPlugin {
    fn document(&self) -> &ApiDocument {
        &self.document
    }

    fn events(&self) -> EventsDocument {
        events::document()
    }

    fn reload(&self, config: &Config) -> Result<(), KeyError> {
        self.open_chat.reload(config);
        Ok(())
    }
}
