//! What every request goes through before a method sees it: the HTTP method, the key, the body's bounds.

use std::error::Error;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use http_body_util::LengthLimitError;
use natter_node::config::ErrorMode;

use super::caller::Caller;
use super::{auth, respond};
use crate::metrics;
use crate::shared::Shared;

/// Asks for errors in the form of HTTP statuses.
const ERROR_MODE_HEADER: &str = "x-centrifugo-error-mode";

/// A request that has come through.
pub(super) struct Admitted {
    pub(super) caller: Arc<Caller>,
    pub(super) body: String,
    pub(super) error_mode: ErrorMode,
}

/// Lets a request in, or says what to answer instead: 404 when the API is off, 405, 401, 413, or 400 for a body that
/// breaks off or is no text.
pub(super) async fn admit(shared: &Arc<Shared>, request: Request) -> Result<Admitted, Response> {
    let settings = shared.settings();
    if settings.centrifugo.http_api.disabled {
        return Err(respond::not_found());
    }
    if request.method() != Method::POST {
        return Err(respond::method_not_allowed());
    }
    let (parts, body) = request.into_parts();
    let Some(tenant) = auth::tenant(&shared.tenants, &settings.centrifugo, &parts) else {
        metrics::auth_failure("key_unknown");
        return Err(respond::unauthorized());
    };
    let body = read(body, settings.limits.api_body_bytes_max).await?;
    let error_mode = error_mode(settings.centrifugo.http_api.error_mode, &parts.headers);
    let caller = Caller { shared: Arc::clone(shared), settings, tenant };
    Ok(Admitted { caller: Arc::new(caller), body, error_mode })
}

async fn read(body: Body, bytes_max: usize) -> Result<String, Response> {
    let bytes = to_bytes(body, bytes_max).await.map_err(|error| {
        let is_limit = error.source().is_some_and(|source| source.is::<LengthLimitError>());
        respond::text(if is_limit { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST })
    })?;
    String::from_utf8(bytes.into()).map_err(|_| respond::text(StatusCode::BAD_REQUEST))
}

fn error_mode(configured: ErrorMode, headers: &HeaderMap) -> ErrorMode {
    match headers.get(ERROR_MODE_HEADER).is_some_and(|asked| asked == "transport") {
        true => ErrorMode::Transport,
        false => configured,
    }
}
