//! `/v1`: every route of `/v2` under its old name, with the headers that say so (RFC 8594 and RFC 9745 in spirit).

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{HeaderName, HeaderValue, LINK};
use axum::http::uri::{PathAndQuery, Uri};
use axum::response::Response;
use tower::ServiceExt;

/// The prefixes of the two versions.
const OLD: &str = "/v1";
const NEW: &str = "/v2";
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const SUCCESSOR: HeaderValue = HeaderValue::from_static("</v2>; rel=\"successor-version\"");

/// Answers `/v1/…` as `routes` answer `/v2/…`.
pub(crate) fn aliases(routes: Router) -> Router {
    Router::new().fallback(move |request: Request<Body>| answer(routes.clone(), request))
}

async fn answer(routes: Router, mut request: Request<Body>) -> Response {
    let successor = renamed(request.uri());
    let link = successor.as_ref().map_or(SUCCESSOR, |uri| link_to(uri.path()));
    if let Some(uri) = successor {
        *request.uri_mut() = uri;
    }
    let mut response = routes.oneshot(request).await.unwrap_or_else(|never| match never {});
    response.headers_mut().insert(DEPRECATION, TRUE);
    response.headers_mut().append(LINK, link);
    response
}

/// The same address in the present version.
fn renamed(uri: &Uri) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(OLD)?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{NEW}{rest}")).ok()?);
    Uri::from_parts(parts).ok()
}

fn link_to(path: &str) -> HeaderValue {
    HeaderValue::try_from(format!("<{path}>; rel=\"successor-version\"")).unwrap_or(SUCCESSOR)
}
