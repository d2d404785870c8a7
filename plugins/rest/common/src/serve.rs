//! What stands around every dialect's routes.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::ORIGIN;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::FutureExt;

use crate::dialect::{Dialect, reject};
use crate::labels;
use crate::rejection::Rejection;
use crate::rest::Rest;

/// Puts answers to unknown paths and methods, cross-origin rules, metrics and a net under panics around routes.
pub(crate) fn surround<D: Dialect>(rest: &Arc<Rest>, routes: Router) -> Router {
    let routes = routes
        .fallback(async || reject::<D>(&Rejection::UnknownRoute))
        .method_not_allowed_fallback(async || reject::<D>(&Rejection::MethodNotAllowed));
    observed::<D>(rest, routes)
}

/// As [`surround`], around routes that have answers to unknown paths and methods of their own.
pub(crate) fn observed<D: Dialect>(rest: &Arc<Rest>, routes: Router) -> Router {
    routes.layer(from_fn_with_state(Arc::clone(rest), around::<D>))
}

async fn around<D: Dialect>(State(rest): State<Arc<Rest>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = labels::method(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or(labels::UNMATCHED, MatchedPath::as_str).to_owned();
    let origin = request.headers().get(ORIGIN).cloned();
    let cors = rest.cors();
    let (parts, body) = request.into_parts();
    let response = match cors.preflight(&parts) {
        Some(answer) => answer,
        None => {
            let answered = AssertUnwindSafe(next.run(Request::from_parts(parts, body))).catch_unwind().await;
            let mut response = answered.unwrap_or_else(|panic| reject::<D>(&panicked(&route, &*panic)));
            cors.write(origin.as_ref(), response.headers_mut());
            response
        }
    };
    labels::http_request(D::NAME, route, method, response.status(), started.elapsed());
    response
}

/// A panic ends its request and nothing else; what it says stays in the log.
pub(crate) fn panicked(route: &str, panic: &(dyn Any + Send)) -> Rejection {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Rejection::internal(&format_args!("{route} panicked: {}", text.unwrap_or("no message")))
}

#[cfg(test)]
mod tests;
