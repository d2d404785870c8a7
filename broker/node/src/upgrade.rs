//! From an HTTP request to a WebSocket on a lane (RFC 6455 section 4.2).
//!
//! The handshake runs in a short task of its own, so that nothing of it stays with the connection.

use std::time::Instant;

use axum::body::Body;
use axum::http::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use crate::broker::Broker;
use crate::lane::NewConnection;
use crate::limits::ConnectionPermit;
use crate::session::{Framing, SessionFactory};
use crate::transport::{Transport, WebSocketTransport};

/// How a WebSocket is to be set up.
pub struct WebSocketUpgrade {
    /// The subprotocol that is answered, if the client offered one that is spoken.
    pub subprotocol: Option<&'static str>,
    /// Text or binary frames to the client.
    pub framing: Framing,
    /// The largest message that is taken from the client, in bytes; a larger one ends the connection with 1009.
    pub message_bytes_max: usize,
    /// The connection's place in limits and gauges.
    pub permit: ConnectionPermit,
    /// Makes the session.
    pub session: SessionFactory,
}

/// Whether a request asks for a WebSocket, and is complete in it.
pub fn is_websocket_request<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::GET
        && has_token(headers, &CONNECTION, "upgrade")
        && has_token(headers, &UPGRADE, "websocket")
        && headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
        && headers.contains_key(SEC_WEBSOCKET_KEY)
}

/// The subprotocols that the client offers, in its order.
pub fn offered_subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Answers the handshake and hands the connection to a lane once the answer is out.
pub fn accept_websocket(broker: &Broker, request: &mut Request<Body>, upgrade: WebSocketUpgrade) -> Response<Body> {
    let broker_of_task = broker.clone();
    let WebSocketUpgrade { subprotocol, framing, message_bytes_max, permit, session } = upgrade;
    take_stream(broker, request, subprotocol, move |stream, already_read| {
        let transport = Box::new(move || {
            let stream = TcpStream::from_std(stream)?;
            let transport = WebSocketTransport::new(stream, &already_read, framing, message_bytes_max);
            Ok(Box::new(transport) as Box<dyn Transport>)
        });
        broker_of_task.accept(NewConnection { transport, session, permit });
    })
}

/// Answers the handshake and hands the bare stream to `taker` once the answer is out, with what the client has sent
/// since. When the client is gone by then, the taker is dropped.
pub fn take_stream(
    broker: &Broker,
    request: &mut Request<Body>,
    subprotocol: Option<&'static str>,
    taker: impl FnOnce(std::net::TcpStream, Bytes) + Send + 'static,
) -> Response<Body> {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let Some(accept) = key.and_then(|accept| HeaderValue::try_from(accept).ok()) else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let started = Instant::now();
    let upgraded = hyper::upgrade::on(request);
    let broker_of_task = broker.clone();
    broker.runtime().spawn(async move {
        // A peer that is gone before the upgrade is done needs no answer.
        if let Ok(upgraded) = upgraded.await
            && let Ok(parts) = downcast::<TokioIo<TcpStream>>(upgraded)
            && let Ok(stream) = parts.io.into_inner().into_std()
        {
            taker(stream, parts.read_buf);
            broker_of_task.metrics().shook_hands(started.elapsed());
        }
    });
    let mut response = plain(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(subprotocol) = subprotocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
    }
    response
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn has_token(headers: &HeaderMap, name: &axum::http::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
}
