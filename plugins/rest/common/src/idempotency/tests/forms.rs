//! Keys of multipart forms, whose bytes differ in each try.

use axum::extract::Request as AxumRequest;
use axum::extract::State;

use super::*;
use crate::{Rest, Upload, UploadRules};

async fn upload(State(rest): State<Arc<Rest>>, request: AxumRequest) -> Result<(StatusCode, String), Rejected<Plain>> {
    let rules =
        UploadRules { file_fields: &["file"], files_max: 1, file_bytes_max: 10, texts_max: 2, text_bytes_max: 10 };
    let upload = Upload::read(request, rest.files(), &TenantId::new("demo"), &rules).await?;
    let url = upload.files().map(|file| rest.files().url(file)).collect();
    upload.keep();
    Ok((StatusCode::CREATED, url))
}

fn uploads(bench: &Bench) -> Router {
    let scope = CallerScope { tenant: TenantId::new("demo"), caller: "user:ada".to_owned() };
    let routes = Router::new()
        .route("/files", post(upload))
        .layer(from_fn_with_state(Arc::clone(&bench.rest), idempotent::<Plain>))
        .layer(Extension(scope))
        .with_state(Arc::clone(&bench.rest));
    bench.rest.serve::<Plain>(routes)
}

fn form(boundary: &str, name: &str, content: &str) -> Request<Body> {
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n--{boundary}--\r\n"
    );
    Request::post("/files")
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .header("idempotency-key", "k")
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn a_form_is_the_same_whatever_its_boundary() {
    let bench = Bench::new();
    let app = uploads(&bench);
    let first = send(&app, form("one", "a.txt", "hello")).await;
    assert_eq!((first.status.as_u16(), bench.objects()), (201, 1), "{first:?}");
    let again = send(&app, form("two", "a.txt", "hello")).await;
    assert!(is_replayed(&again));
    assert_eq!((again.body, bench.objects()), (first.body, 1));
    for (name, content) in [("b.txt", "hello"), ("a.txt", "hellO")] {
        assert_eq!(send(&app, form("one", name, content)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn equal_uploads_at_once_are_one() {
    let bench = Bench::new();
    let app = uploads(&bench);
    let answers =
        futures_util::future::join_all((0..16).map(|boundary| send(&app, form(&format!("b{boundary}"), "a", "hello"))));
    let answers = answers.await;
    assert!(answers.iter().all(|answer| essence(answer) == essence(&answers[0])), "{answers:?}");
    assert_eq!((answers[0].status.as_u16(), bench.objects()), (201, 1));
}

#[tokio::test]
async fn a_form_that_was_not_read_to_its_end_is_not_remembered() {
    let bench = Bench::new();
    let app = uploads(&bench);
    assert_eq!(send(&app, form("one", "a.txt", "far too long a text")).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(rows::count(&bench, ANSWERS).await, 0);
    assert_eq!(send(&app, form("one", "a.txt", "hello")).await.status, StatusCode::CREATED);
}
