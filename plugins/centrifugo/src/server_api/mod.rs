//! Centrifugo's server API over HTTP: what a tenant's backend asks of natter (reference: Centrifugo's server API).
//!
//! `methods` lists every method with the function that answers it; each group of methods has a file. A request's API key
//! decides its tenant, and everything a method sees or does is within that tenant. Requests are read whole, within
//! `limits.api_body_bytes_max`, and understood whole before anything is done.
//!
//! What is ours: channels of the reserved namespaces, which a domain above the broker owns, answer 102 to every method
//! but `unsubscribe`; the answers are bounded where Centrifugo's are not ([`history`], [`batch`], [`publish`]).

mod admit;
mod auth;
mod batch;
mod caller;
mod channels;
mod error;
mod fields;
mod history;
mod info;
mod legacy;
mod maps;
mod methods;
mod presence;
mod publication;
mod publish;
mod respond;
mod rpc;
mod shared_poll;
mod subscribers;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::any;

use self::admit::{Admitted, admit};
use crate::metrics;
use crate::shared::Shared;

/// A place where the API is mounted.
#[derive(Clone)]
struct Endpoint {
    shared: Arc<Shared>,
    prefix: &'static str,
}

/// Answers `POST {prefix}/<method>`, and `POST {prefix}` in the form of old SDKs. It sees the whole path.
pub(crate) fn router(shared: Arc<Shared>, prefix: &'static str) -> Router {
    Router::new()
        .route(prefix, any(answer_commands))
        .route(&format!("{prefix}/{{method}}"), any(answer_method))
        .fallback(async || respond::not_found())
        .with_state(Endpoint { shared, prefix })
}

async fn answer_method(State(endpoint): State<Endpoint>, Path(name): Path<String>, request: Request) -> Response {
    let Some(method) = methods::by_name(&name) else { return respond::not_found() };
    let route = format!("{}/{}", endpoint.prefix, method.name);
    timed(route, request, async |request| {
        let Admitted { caller, body, error_mode } = admit(&endpoint.shared, request).await?;
        let running = (method.start)(&caller, &body).map_err(respond::rejected)?;
        Ok(respond::outcome(running.await, method.wrapping, error_mode))
    })
    .await
}

async fn answer_commands(State(endpoint): State<Endpoint>, request: Request) -> Response {
    timed(endpoint.prefix.to_owned(), request, async |request| {
        let Admitted { caller, body, .. } = admit(&endpoint.shared, request).await?;
        legacy::answer(&caller, &body).await.map(respond::json).map_err(respond::rejected)
    })
    .await
}

/// Answers a request and counts it.
async fn timed(
    route: String,
    request: Request,
    answer: impl AsyncFnOnce(Request) -> Result<Response, Response>,
) -> Response {
    let started = Instant::now();
    let method = metrics::method_label(request.method());
    let response = answer(request).await.unwrap_or_else(|refusal| refusal);
    metrics::http_request(route, method, response.status(), started.elapsed());
    response
}
