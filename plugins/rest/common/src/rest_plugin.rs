//! A REST API as the node sees it.

use natter_node::auth::KeyError;
use natter_node::config::Config;
use natter_node::plugin::Plugin;

use crate::asyncapi::EventsDocument;
use crate::openapi::ApiDocument;

/// A dialect with its routes.
pub trait RestPlugin: Plugin {
    /// What the routes look like to a program.
    fn document(&self) -> &ApiDocument;

    /// What its events look like to a program.
    fn events(&self) -> EventsDocument;

    /// Takes a new configuration over.
    ///
    /// # Errors
    /// A tenant's key that cannot be used; nothing has changed then.
    fn reload(&self, config: &Config) -> Result<(), KeyError>;
}
