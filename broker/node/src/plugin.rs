//! What a plugin is to the node: a name and the places where its routes are mounted.
//!
//! The routes of all plugins come from one table, in which the longest prefix decides which plugin answers a request,
//! its 404 and its 405 included.

use axum::Router;

/// A protocol or an API on top of the broker.
pub trait Plugin: Send + Sync + 'static {
    /// Its name in configuration and metrics.
    fn name(&self) -> &'static str;

    /// Its routes on a listener.
    fn mounts(&self, listener: &ListenerView) -> Vec<Mount>;
}

/// What a plugin may want to know of the listener that it is mounted on.
#[derive(Clone, Debug)]
pub struct ListenerView {
    /// The plugins that the listener serves.
    pub plugins: Vec<String>,
}

/// A part of the path space that a router answers.
pub struct Mount {
    /// Segments of the prefix; `*` stands for any one segment. Empty: everything that nobody else answers.
    pub prefix: &'static str,
    /// Answers everything below the prefix, unknown paths and wrong methods included, in the plugin's own shape. It
    /// sees the whole path.
    pub router: Router,
}
