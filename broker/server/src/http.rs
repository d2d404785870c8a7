//! One HTTP connection: version, bounds, and the way of a request into the table of routes.
//!
//! Bounds: a head of 64 KiB and 96 fields within 10 seconds, a target of 8 KiB, 128 streams of HTTP/2. Bodies are
//! bounded by whoever reads them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::routes::RouteTable;

const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEAD_FIELDS_MAX: usize = 96;
const TARGET_BYTES_MAX: usize = 8 * 1024;
const STREAMS_MAX: u32 = 128;
/// How HTTP/2 begins (RFC 9113 section 3.4); no request of HTTP/1.1 does.
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often the start of a connection is looked at again while it is a part of the preface.
const START_POLL: Duration = Duration::from_millis(20);

static HTTP1: LazyLock<Builder<TokioExecutor>> = LazyLock::new(|| builder().http1_only());
static HTTP2: LazyLock<Builder<TokioExecutor>> = LazyLock::new(|| builder().http2_only());

/// Serves a connection until it ends or has become a WebSocket.
pub(crate) async fn serve(stream: TcpStream, peer: SocketAddr, table: Arc<RouteTable>, watcher: Watcher) {
    // The version is settled here and not by the library, whose look at the first bytes has no time limit.
    let builder = match timeout(HEAD_TIME_MAX, is_http2(&stream)).await {
        Ok(Some(true)) => &*HTTP2,
        Ok(Some(false)) => &*HTTP1,
        Ok(None) | Err(_) => return,
    };
    let service = service_fn(move |request| answer(Arc::clone(&table), peer, request));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    if let Err(error) = Box::pin(watcher.watch(connection)).await {
        tracing::debug!(%peer, error, "a connection ended badly");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_FIELDS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(HEAD_TIME_MAX);
    builder
}

/// Whether a connection begins as HTTP/2; `None` when it ends before that can be told.
async fn is_http2(stream: &TcpStream) -> Option<bool> {
    let mut start = [0; HTTP2_PREFACE.len()];
    loop {
        let count = stream.peek(&mut start).await.ok()?;
        let seen = start.get(..count)?;
        match HTTP2_PREFACE.starts_with(seen) {
            _ if seen.is_empty() => return None,
            false => return Some(false),
            true if seen.len() == HTTP2_PREFACE.len() => return Some(true),
            true => tokio::time::sleep(START_POLL).await,
        }
    }
}

async fn answer(
    table: Arc<RouteTable>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > TARGET_BYTES_MAX) {
        return Ok(target_too_long());
    }
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    Ok(table.answer(request).await)
}

fn target_too_long() -> Response<Body> {
    let body = axum::Json(serde_json::json!({ "error": "the request target is too long" }));
    (StatusCode::URI_TOO_LONG, body).into_response()
}

#[cfg(test)]
mod tests;
