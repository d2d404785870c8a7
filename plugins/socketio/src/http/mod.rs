//! The requests of Engine.IO: handshakes, polls, posts, upgrades, preflights; and the order in which they are checked.

mod answer;
mod cors;
mod handshake;
mod poll;
mod post;
mod query;
mod upgrade;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request, Response, StatusCode};
use axum::routing::any;
use natter_node::plugin::Mount;
use natter_node::upgrade::is_websocket_request;

use self::answer::Fault;
use self::query::{Query, TransportName};
use crate::endpoint::Endpoint;
use crate::link::{Link, Stage};

/// The endpoint's part of the path space.
pub(crate) fn mount(endpoint: Arc<Endpoint>) -> Mount {
    // The path is set once, at the start of the process.
    let prefix: &'static str = Box::leak(endpoint.options.load().path.clone().into_boxed_str());
    Mount { prefix, router: Router::new().route(prefix, any(serve)).with_state(endpoint) }
}

async fn serve(State(endpoint): State<Arc<Endpoint>>, request: Request<Body>) -> Response<Body> {
    let options = endpoint.options.load_full();
    let cors = cors::Cors::of(&options, request.headers());
    if request.method() == Method::OPTIONS {
        return cors.preflight(request.headers());
    }
    let is_websocket = is_websocket_request(&request);
    let response = match route(&endpoint, &cors, is_websocket, request).await {
        Ok(response) => response,
        Err(fault) => fault.answer(is_websocket),
    };
    cors.applied_to(response)
}

/// Checks a request in the order of the protocol's own server, which decides what a client is told.
async fn route(
    endpoint: &Arc<Endpoint>,
    cors: &cors::Cors,
    is_websocket: bool,
    request: Request<Body>,
) -> Result<Response<Body>, Fault> {
    let query = Query::of(request.uri().query().unwrap_or_default());
    let transport = query.transport.ok_or(Fault::UnknownTransport)?;
    if !cors.is_legal() {
        return Err(Fault::BadRequest);
    }
    match &query.sid {
        Some(sid) => {
            let link = endpoint.session(sid).ok_or(Fault::UnknownSession)?;
            go_on(endpoint, link, transport, is_websocket, request).await
        }
        None => {
            let is_upgrade = check_handshake(cors, transport, is_websocket, request.method())?;
            let revision = query.revision.ok_or(Fault::UnsupportedVersion)?;
            match is_upgrade {
                true => handshake::websocket(endpoint, revision, &query, request),
                false => handshake::polling(endpoint, revision, &query, request).await,
            }
        }
    }
}

fn check_handshake(
    cors: &cors::Cors,
    transport: TransportName,
    is_websocket: bool,
    method: &Method,
) -> Result<bool, Fault> {
    if *method != Method::GET {
        return Err(Fault::BadHandshakeMethod);
    }
    if (transport == TransportName::WebSocket) != is_websocket {
        return Err(Fault::BadRequest);
    }
    if !cors.is_allowed() {
        return Err(Fault::Forbidden);
    }
    Ok(is_websocket)
}

/// A request of a session that is there.
async fn go_on(
    endpoint: &Arc<Endpoint>,
    link: Arc<Link>,
    transport: TransportName,
    is_websocket: bool,
    request: Request<Body>,
) -> Result<Response<Body>, Fault> {
    if transport == TransportName::WebSocket && is_websocket {
        return upgrade::upgrade(endpoint, link, request);
    }
    let is_polling = matches!(link.stage(), Stage::Polling | Stage::Upgrading);
    if transport != TransportName::Polling || !is_polling {
        return Err(Fault::BadRequest);
    }
    match *request.method() {
        Method::GET => poll::poll(endpoint, link).await,
        Method::POST => post::post(endpoint, link, request).await,
        _ => Ok(answer::empty(StatusCode::METHOD_NOT_ALLOWED)),
    }
}
