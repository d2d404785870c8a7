//! The one table of routes of a listener: the plugin with the longest matching prefix answers, with its own 404 and 405.
//!
//! A prefix is compared by segments, so `/api` does not match `/apiary`; `*` stands for any one segment, and a literal
//! segment wins over it.

use std::cmp::Reverse;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use natter_node::plugin::Mount;
use tower::ServiceExt;

/// Where each path leads. Immutable.
pub(crate) struct RouteTable {
    /// The most specific first.
    routes: Vec<(Prefix, Router)>,
}

impl RouteTable {
    /// Sorts the mounts of all plugins of a listener.
    pub(crate) fn new(mounts: impl IntoIterator<Item = Mount>) -> Self {
        let mut routes: Vec<_> = mounts.into_iter().map(|mount| (Prefix::new(mount.prefix), mount.router)).collect();
        routes.sort_by_key(|(prefix, _)| prefix.rank());
        Self { routes }
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        match self.find(request.uri().path()) {
            Some(router) => router.clone().oneshot(request).await.unwrap_or_else(|never| match never {}),
            None => not_found(),
        }
    }

    fn find(&self, path: &str) -> Option<&Router> {
        self.routes.iter().find(|(prefix, _)| prefix.matches(path)).map(|(_, router)| router)
    }
}

/// The answer of no plugin.
pub(crate) fn not_found() -> Response<Body> {
    (StatusCode::NOT_FOUND, axum::Json(serde_json::json!({ "error": "not found" }))).into_response()
}

/// The segments that a path must begin with.
struct Prefix(Vec<&'static str>);

impl Prefix {
    fn new(prefix: &'static str) -> Self {
        Self(prefix.split('/').filter(|segment| !segment.is_empty()).collect())
    }

    /// Sorts longer prefixes before shorter ones, and literal segments before `*`.
    fn rank(&self) -> (Reverse<usize>, Vec<bool>) {
        (Reverse(self.0.len()), self.0.iter().map(|segment| *segment == "*").collect())
    }

    fn matches(&self, path: &str) -> bool {
        let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
        self.0.iter().all(|own| segments.next().is_some_and(|segment| is_match(own, segment)))
    }
}

fn is_match(own: &str, segment: &str) -> bool {
    own == segment || (own == "*" && !segment.is_empty())
}

#[cfg(test)]
mod tests;
