//! The beginning of a session, by a poll or with a WebSocket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderName, ORIGIN};
use axum::http::{Request, Response};
use natter_node::NewConnection;
use natter_node::limits::ConnectionPermit;
use natter_node::realtime::Handshake;
use natter_node::transport::Transport;
use natter_node::upgrade::take_stream;
use natter_protocol::engineio::Revision;

use super::answer::{self, Fault};
use super::query::Query;
use crate::endpoint::{Endpoint, random_id};
use crate::link::{Link, Offer, Stage};
use crate::session::EngineSession;
use crate::transport::EngineTransport;

/// Begins a session by a poll; its answer is the open packet, with what else there is to say by then.
pub(super) async fn polling(
    endpoint: &Arc<Endpoint>,
    revision: Revision,
    query: &Query,
    request: Request<Body>,
) -> Result<Response<Body>, Fault> {
    let permit = endpoint.permit(false).ok_or(Fault::Full)?;
    let handshake = kept_of(endpoint, &request);
    let has_binary = !query.is_base64 && query.jsonp.is_none();
    let link =
        Link::new(random_id(), revision, has_binary, query.jsonp.clone(), Stage::Polling, has_recovery(endpoint));
    // It is the link's first poll.
    let Ok(answered) = link.poll() else { return Err(Fault::BadRequest) };
    endpoint.sessions.insert(Arc::clone(&link.sid), Arc::clone(&link));
    let (transport_link, transport_endpoint) = (Arc::clone(&link), Arc::clone(endpoint));
    let (session_link, session_endpoint) = (Arc::clone(&link), Arc::clone(endpoint));
    endpoint.broker.accept(NewConnection {
        transport: Box::new(move || Ok(Box::new(EngineTransport::polling(transport_endpoint, transport_link)))),
        session: Box::new(move |now_ms| {
            Box::new(EngineSession::new(session_endpoint, session_link, handshake, now_ms))
        }),
        permit,
    });
    let payload = answered.await.map_err(|_| Fault::Full)?;
    Ok(answer::payload(&link, payload))
}

/// Begins a session with a WebSocket.
pub(super) fn websocket(
    endpoint: &Arc<Endpoint>,
    revision: Revision,
    query: &Query,
    mut request: Request<Body>,
) -> Result<Response<Body>, Fault> {
    let permit = endpoint.permit(true).ok_or(Fault::Full)?;
    let handshake = kept_of(endpoint, &request);
    let link = Link::new(random_id(), revision, !query.is_base64, None, Stage::WebSocket, has_recovery(endpoint));
    let endpoint = Arc::clone(endpoint);
    let broker = endpoint.broker.clone();
    let delay = Duration::from_millis(endpoint.options.load().open_delay_ms);
    Ok(take_stream(&broker, &mut request, None, move |stream, already_read| {
        let open = open_websocket(Arc::clone(&endpoint), link, Offer { stream, already_read }, handshake, permit);
        match delay.is_zero() {
            true => endpoint.broker.accept(open),
            false => drop(endpoint.broker.runtime().clone().spawn(async move {
                tokio::time::sleep(delay).await;
                endpoint.broker.accept(open);
            })),
        }
    }))
}

fn open_websocket(
    endpoint: Arc<Endpoint>,
    link: Arc<Link>,
    offer: Offer,
    handshake: Arc<Handshake>,
    permit: ConnectionPermit,
) -> NewConnection {
    endpoint.sessions.insert(Arc::clone(&link.sid), Arc::clone(&link));
    let (transport_link, transport_endpoint) = (Arc::clone(&link), Arc::clone(&endpoint));
    NewConnection {
        transport: Box::new(move || {
            let transport = EngineTransport::websocket(transport_endpoint, transport_link, offer)?;
            Ok(Box::new(transport) as Box<dyn Transport>)
        }),
        session: Box::new(move |now_ms| Box::new(EngineSession::new(endpoint, link, handshake, now_ms))),
        permit,
    }
}

fn has_recovery(endpoint: &Endpoint) -> bool {
    endpoint.options.load().has_recovery
}

/// What is kept of the request.
fn kept_of(endpoint: &Endpoint, request: &Request<Body>) -> Arc<Handshake> {
    let header = |name: HeaderName| request.headers().get(name)?.to_str().ok().map(str::to_owned);
    Arc::new(Handshake {
        query: request.uri().query().unwrap_or_default().to_owned(),
        authorization: header(AUTHORIZATION),
        cookie: header(COOKIE),
        origin: header(ORIGIN),
        address: request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0),
        time_ms: endpoint.now_ms(),
    })
}
