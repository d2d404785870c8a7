//! Routes under a second name, as documents have them that were changed without a break.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::UtoipaMethodRouter;

/// Serves a route, which has one method, under another path as well. The description says that it is the same, under an
/// operation of its own.
pub fn also_at<S>(
    (schemas, mut paths, methods): UtoipaMethodRouter<S>,
    path: &str,
    operation_id: &str,
) -> UtoipaMethodRouter<S> {
    if let Some((original, item)) = paths.paths.iter().next() {
        let mut item = item.clone();
        for operation in operations(&mut item) {
            operation.operation_id = Some(operation_id.to_owned());
            operation.summary = Some(format!("The same as `{original}`."));
            operation.description = None;
        }
        paths.paths.insert(path.to_owned(), item);
    }
    (schemas, paths, methods)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
    all.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;
    use utoipa_axum::router::OpenApiRouter;
    use utoipa_axum::routes;

    use super::also_at;

    /// Greets.
    ///
    /// At length.
    #[utoipa::path(get, path = "/new/{name}", params(("name" = String, Path)))]
    async fn greet(axum::extract::Path(name): axum::extract::Path<String>) -> String {
        format!("hello {name}")
    }

    #[tokio::test]
    async fn both_are_served_and_described() {
        let routes = OpenApiRouter::<()>::new().routes(also_at(routes!(greet), "/old/{name}", "greet_of_old"));
        let (router, document) = routes.split_for_parts();
        for path in ["/new/ann", "/old/ann"] {
            let response = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
            assert_eq!(&body[..], b"hello ann", "{path}");
        }
        let described = |path: &str| document.paths.paths[path].get.clone().unwrap();
        let (new, old) = (described("/new/{name}"), described("/old/{name}"));
        assert_eq!(new.operation_id.as_deref(), Some("greet"));
        assert_eq!(old.operation_id.as_deref(), Some("greet_of_old"));
        assert_eq!(old.summary.as_deref(), Some("The same as `/new/{name}`."));
        assert_eq!(old.parameters.map(|all| all.len()), new.parameters.map(|all| all.len()));
    }
}
