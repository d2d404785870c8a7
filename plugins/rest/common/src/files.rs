//! The routes of uploaded files among those of the dialects.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use natter_node::plugin::Mount;

use crate::dialect::Dialect;
use crate::rejection::Rejection;
use crate::rest::Rest;
use crate::serve::observed;

/// Errors of what belongs to no API: `{"error": "…"}`.
struct Plain;

impl Dialect for Plain {
    const NAME: &'static str = "files";

    fn render(rejection: &Rejection) -> Response {
        (rejection.status(), axum::Json(serde_json::json!({ "error": rejection.message() }))).into_response()
    }
}

/// Where files are served: wherever a dialect is.
pub(crate) fn mount(rest: &Arc<Rest>) -> Mount {
    Mount { prefix: "/files", router: observed::<Plain>(rest, natter_files::routes(rest.files().clone())) }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use bytes::Bytes;
    use futures_util::stream;
    use natter_core::TenantId;

    use super::mount;
    use crate::testing::{Bench, get, send};

    #[tokio::test]
    async fn files_are_served_with_the_node_s_cross_origin_rules() {
        let bench = Bench::new();
        let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"hello"))]);
        let files = bench.rest.files();
        let file = files.put(&TenantId::new("demo"), content, "a.txt", 5).await.unwrap().keep();
        let path = files.url(&file).replace("http://chat.example", "");
        let router = mount(&bench.rest).router;
        let request = Request::get(path).header("origin", "https://app.example").body(Body::empty()).unwrap();
        let answer = send(&router, request).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "hello"));
        assert_eq!(answer.header("access-control-allow-origin"), "https://app.example");
        assert_eq!(send(&router, get("/files/x/y")).await.body, r#"{"error":"not found"}"#);
    }
}
