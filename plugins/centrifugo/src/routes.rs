//! Where the plugin's endpoints are, and how a WebSocket begins (sections 1 and 2).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::routing::{any, get};
use natter_node::limits::ConnectionPermit;
use natter_node::plugin::{ListenerView, Mount};
use natter_node::session::Framing;
use natter_node::upgrade::{WebSocketUpgrade, accept_websocket, is_websocket_request, offered_subprotocols};
use natter_protocol::centrifuge::framing::Encoding;
use serde::Deserialize;

use crate::server_api;
use crate::session::{ClientSession, TransportInfo};
use crate::shared::Shared;

/// Plugins whose routes begin with `/api`, where Centrifugo's own API would be in their way.
const REST_PLUGINS: [&str; 3] = ["chatify", "connectnow", "chatsdk"];

const JSON_SUBPROTOCOL: &str = "centrifuge-json";
const PROTOBUF_SUBPROTOCOL: &str = "centrifuge-protobuf";

pub(crate) fn mounts(shared: &Arc<Shared>, listener: &ListenerView) -> Vec<Mount> {
    let connections = Router::new()
        .route("/connection/websocket", get(websocket))
        .route("/connection/init", get(|| async { axum::Json(serde_json::json!({})) }))
        .route("/connection/{*rest}", any(|| async { StatusCode::NOT_FOUND }))
        .with_state(Arc::clone(shared));
    let mut mounts = vec![
        Mount { prefix: "/connection", router: connections },
        Mount { prefix: "/centrifugo/api", router: server_api::router(Arc::clone(shared), "/centrifugo/api") },
    ];
    if !listener.plugins.iter().any(|plugin| REST_PLUGINS.contains(&plugin.as_str())) {
        mounts.push(Mount { prefix: "/api", router: server_api::router(Arc::clone(shared), "/api") });
    }
    mounts
}

/// What a client can ask for in the URL; anything else is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WebSocketQuery {
    format: String,
    cf_protocol: String,
    cf_ws_frame_ping_pong: String,
}

async fn websocket(State(shared): State<Arc<Shared>>, mut request: Request<Body>) -> Response<Body> {
    if !is_websocket_request(&request) {
        return status(StatusCode::BAD_REQUEST);
    }
    if !shared.is_origin_allowed(request.headers().get(ORIGIN)) {
        return status(StatusCode::FORBIDDEN);
    }
    let Some(seat) = shared.take_seat() else { return status(StatusCode::SERVICE_UNAVAILABLE) };
    // A query that makes no sense asks for nothing.
    let query = Query::try_from_uri(request.uri()).map(|Query(query)| query).unwrap_or_default();
    let (encoding, subprotocol) = encoding(request.headers(), &query);
    let settings = shared.settings();
    let transport = TransportInfo {
        name: "websocket",
        encoding,
        headers: settings.needs_headers().then(|| Arc::new(request.headers().clone())),
        emulated_headers: None,
        has_native_pings: query.cf_ws_frame_ping_pong == "true",
        user_header: settings.user_header(request.headers()),
    };
    let message_bytes_max = settings.limits.frame_bytes_max;
    let session_state = Arc::clone(&shared);
    let upgrade = WebSocketUpgrade {
        subprotocol,
        framing: match encoding {
            Encoding::Json => Framing::WebSocketText,
            Encoding::Protobuf => Framing::WebSocketBinary,
        },
        message_bytes_max,
        permit: ConnectionPermit::new(seat, shared.connection_metrics.connect()),
        session: Box::new(move |now_ms| Box::new(ClientSession::new(session_state, transport, now_ms))),
    };
    accept_websocket(&shared.broker, &mut request, upgrade)
}

/// The encoding that a client asks for, and the subprotocol to answer.
fn encoding(headers: &HeaderMap, query: &WebSocketQuery) -> (Encoding, Option<&'static str>) {
    for offered in offered_subprotocols(headers) {
        match offered {
            PROTOBUF_SUBPROTOCOL => return (Encoding::Protobuf, Some(PROTOBUF_SUBPROTOCOL)),
            JSON_SUBPROTOCOL => return (Encoding::Json, Some(JSON_SUBPROTOCOL)),
            _ => {}
        }
    }
    let wants_protobuf = query.format == "protobuf" || query.cf_protocol == "protobuf";
    (if wants_protobuf { Encoding::Protobuf } else { Encoding::Json }, None)
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
