//! What surrounds a dialect's routes, and the extractors in it.

use axum::Json as AxumJson;
use axum::body::Body;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::routing::{get, post};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Answer, Bench, Plain, get as get_request, post as post_request, send};
use crate::{ApiKey, Bearer, ClientAddress, Form, Json, Limit, Offset, Page, Path, Query, Rejected, body_limit};

#[derive(Clone)]
struct Handles {
    rest: Arc<Rest>,
}

impl FromRef<Handles> for Arc<Rest> {
    fn from_ref(handles: &Handles) -> Self {
        Arc::clone(&handles.rest)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    name: String,
    #[serde(default)]
    members: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    id: u32,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Listing {
    limit: Limit<20, 100>,
    offset: Offset,
    page: Page,
}

#[derive(Deserialize)]
struct Greeting {
    name: String,
    times: Option<u8>,
}

async fn create(Json(body, ..): Json<Strict, Plain>) -> AxumJson<Value> {
    AxumJson(json!({ "name": body.name, "ids": body.members.iter().map(|member| member.id).collect::<Vec<_>>() }))
}

async fn list(Query(query, ..): Query<Listing, Plain>) -> AxumJson<Value> {
    AxumJson(json!([query.limit.get(), query.offset.get(), query.page.get()]))
}

async fn greet(Form(body, ..): Form<Greeting, Plain>) -> AxumJson<Value> {
    AxumJson(json!([body.name, body.times]))
}

async fn whoami(
    axum::extract::State(handles): axum::extract::State<Handles>,
    ApiKey(tenant, ..): ApiKey<Plain>,
    ClientAddress(address): ClientAddress,
    Bearer(token, ..): Bearer<Plain>,
) -> Result<AxumJson<Value>, Rejected<Plain>> {
    let user = handles.rest.callers().user_of(&token, &tenant).await?;
    Ok(AxumJson(json!([user.tenant.id().as_str(), user.claims.user, address.to_string()])))
}

fn app(bench: &Bench) -> Router {
    let routes = Router::new()
        .route("/things", post(create).get(list))
        .route("/things/{id}", get(async |Path(id, ..): Path<u32, Plain>| id.to_string()))
        .route("/small", post(create).layer(body_limit(16)))
        .route("/form", post(greet))
        .route("/me", get(whoami))
        .route("/panic", get(async || -> String { panic!("secret detail") }))
        .layer(body_limit(64 * 1024))
        .with_state(Handles { rest: Arc::clone(&bench.rest) });
    bench.rest.serve::<Plain>(routes)
}

fn error(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn unknown_paths_and_methods_have_the_dialect_s_shape() {
    let app = app(&Bench::new());
    assert_eq!(error(&send(&app, get_request("/nowhere")).await), (404, "Not found".into()));
    assert_eq!(error(&send(&app, get_request("/things/seven")).await), (404, "Not found".into()));
    let answer = send(&app, Request::delete("/things").body(Body::empty()).unwrap()).await;
    assert_eq!(error(&answer), (405, "Method not allowed".into()));
    assert!(answer.header("allow").contains("POST"), "{answer:?}");
}

#[tokio::test]
async fn a_panic_ends_one_request_and_tells_nothing() {
    let app = app(&Bench::new());
    let answer = send(&app, get_request("/panic")).await;
    assert_eq!(error(&answer), (500, "Internal server error".into()));
    assert_eq!(answer.header("x-request-id").len(), 16);
    assert!(!answer.body.contains("secret"));
    assert_eq!(send(&app, get_request("/things")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_body_is_told_where_it_is_wrong() {
    let app = app(&Bench::new());
    for (body, expected) in [
        ("{", (400, "The body is not valid JSON: EOF while parsing an object at line 1, column 1")),
        (r#"{"name":"a"} x"#, (400, "The body is not valid JSON: trailing characters at line 1, column 14")),
        ("", (400, "name is required")),
        ("{}", (400, "name is required")),
        ("[]", (400, "The body must be an object")),
        (r#" ["a", []]"#, (400, "The body must be an object")),
        ("7", (400, "The body is wrong: invalid type: integer `7`, expected an object")),
        (r#"{"name":1}"#, (400, "name is wrong: invalid type: integer `1`, expected a string")),
        (r#"{"name":"a","admin":true}"#, (400, "admin is not known")),
        (r#"{"name":"a","name":"b"}"#, (400, "name is there twice")),
        (r#"{"name":"a","members":[{"id":1},{}]}"#, (400, "members[1].id is required")),
        (
            r#"{"name":"a","members":[{"id":-1}]}"#,
            (400, "members[0].id is wrong: invalid value: integer `-1`, expected a whole number"),
        ),
    ] {
        assert_eq!(error(&send(&app, post_request("/things", body)).await), (expected.0, expected.1.into()), "{body}");
    }
}

#[tokio::test]
async fn text_that_is_no_unicode_is_refused() {
    let app = app(&Bench::new());
    for body in [b"{\"name\":\"\xff\"}".to_vec(), br#"{"name":"\ud800"}"#.to_vec()] {
        let request = Request::post("/things").header("content-type", "application/json");
        assert_eq!(send(&app, request.body(Body::from(body)).unwrap()).await.status, StatusCode::BAD_REQUEST);
    }
    let deep = format!("{{\"name\":{}", "[".repeat(30_000));
    assert_eq!(send(&app, post_request("/things", &deep)).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_quoted_of_a_body_is_short() {
    let app = app(&Bench::new());
    let body = json!({ "name": "a", "members": [{ "id": "x".repeat(50_000) }] }).to_string();
    let answer = send(&app, post_request("/things", &body)).await;
    assert!(answer.status == StatusCode::BAD_REQUEST && answer.body.len() < 500, "{}", answer.body.len());
}

#[tokio::test]
async fn the_content_type_matters_unless_there_is_no_content() {
    let app = app(&Bench::new());
    let with = |content_type: Option<&str>, body: &str| {
        let request = Request::post("/things");
        let request = content_type.into_iter().fold(request, |request, value| request.header("content-type", value));
        request.body(Body::from(body.to_owned())).unwrap()
    };
    let good = r#"{"name":"a"}"#;
    for (content_type, body, status) in [
        (Some("application/json"), good, 200),
        (Some("Application/JSON; charset=utf-8"), good, 200),
        (Some("application/merge-patch+json"), good, 200),
        (Some("text/plain"), good, 415),
        (Some("application/x-www-form-urlencoded"), "name=a", 415),
        (None, good, 415),
        (None, "", 400),
        (Some("text/plain"), "", 400),
    ] {
        let answer = send(&app, with(content_type, body)).await;
        assert_eq!(answer.status.as_u16(), status, "{content_type:?} {body}");
    }
    let mut packed = post_request("/things", good);
    packed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(send(&app, packed).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_body_is_refused_at_its_limit() {
    let app = app(&Bench::new());
    let chunks = stream::iter((0..4).map(|_| Ok::<_, std::io::Error>("xxxxxxxx")));
    let streamed = Request::post("/small").header("content-type", "application/json");
    let too_much = "Too large: bytes of the body, at most 16".to_owned();
    assert_eq!(error(&send(&app, streamed.body(Body::from_stream(chunks)).unwrap()).await), (413, too_much.clone()));
    // What is announced is refused before any of it is there.
    let endless = Body::from_stream(stream::pending::<Result<&str, std::io::Error>>());
    let announced = Request::post("/small").header("content-length", "17").body(endless).unwrap();
    assert_eq!(error(&send(&app, announced).await), (413, too_much));
    assert_eq!(send(&app, post_request("/small", r#"{"name":"abcde"}"#)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_ends_early_is_refused() {
    let app = app(&Bench::new());
    let chunks = stream::iter([Ok("{\"name\""), Err(std::io::Error::other("gone"))]);
    let request = Request::post("/things").header("content-type", "application/json");
    let answer = send(&app, request.body(Body::from_stream(chunks)).unwrap()).await;
    assert_eq!(error(&answer), (400, "The body cannot be read: it ended early".into()));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let app = app(&Bench::new());
    let chunks = stream::pending::<Result<&str, std::io::Error>>();
    let request = Request::post("/things").header("content-type", "application/json");
    let answer = send(&app, request.body(Body::from_stream(chunks)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn paging_numbers_are_clamped_or_refused_by_name() {
    let app = app(&Bench::new());
    for (query, expected) in [
        ("", "[20,0,1]"),
        ("?limit=5&offset=7&page=3", "[5,7,3]"),
        ("?limit=1000", "[100,0,1]"),
        ("?limit=99999999999999999999999999", "[100,0,1]"),
        ("?foreign=1", "[20,0,1]"),
    ] {
        assert_eq!(send(&app, get_request(&format!("/things{query}"))).await.body, expected, "{query}");
    }
    for (query, message) in [
        ("limit=0", "limit is wrong: must be a number of at least 1"),
        ("limit=-1", "limit is wrong: must be a number of at least 1"),
        ("limit=-99999999999999999999999999", "limit is wrong: must be a number of at least 1"),
        ("limit=ten", "limit is wrong: must be a whole number"),
        ("limit=1.5", "limit is wrong: must be a whole number"),
        ("limit=", "limit is wrong: must be a whole number"),
        ("limit=+1", "limit is wrong: must be a whole number"),
        ("offset=-1", "offset is wrong: must be a number of at least 0"),
        ("page=0", "page is wrong: must be a number of at least 1"),
        ("limit=1&limit=2", "limit is there twice"),
    ] {
        let answer = send(&app, get_request(&format!("/things?{query}"))).await;
        assert_eq!(error(&answer), (400, message.into()), "{query}");
    }
}

#[tokio::test]
async fn a_form_may_come_in_three_ways() {
    let app = app(&Bench::new());
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda & Bob\r\n--b\r\n\
                     Content-Disposition: form-data; name=\"times\"\r\n\r\n2\r\n--b--\r\n";
    for (content_type, body, expected) in [
        ("application/json", r#"{"name":"Ada","times":2}"#, r#"["Ada",2]"#),
        ("application/x-www-form-urlencoded", "name=Ada+%26+Bob&times=2", r#"["Ada & Bob",2]"#),
        ("multipart/form-data; boundary=b", multipart, r#"["Ada & Bob",2]"#),
    ] {
        let request = Request::post("/form").header("content-type", content_type).body(Body::from(body)).unwrap();
        assert_eq!(send(&app, request).await.body, expected, "{content_type}");
    }
    let request = Request::post("/form").header("content-type", "application/x-www-form-urlencoded");
    let answer = send(&app, request.body(Body::from("name=Ada&times=lots")).unwrap()).await;
    assert_eq!(error(&answer), (400, "times is wrong: invalid digit found in string".into()));
}

mod callers;
mod counted;

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_ask_and_read() {
    let app = app(&Bench::new());
    let preflight = Request::options("/things")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-api-key");
    let granted = send(&app, preflight.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (granted.status, granted.header("access-control-allow-origin")),
        (StatusCode::NO_CONTENT, "https://app.example")
    );
    for path in ["/things", "/nowhere", "/panic"] {
        let read = Request::get(path).header("origin", "https://app.example").body(Body::empty()).unwrap();
        let answer = send(&app, read).await;
        assert_eq!(answer.header("access-control-allow-origin"), "https://app.example", "{path}");
    }
    let foreign = Request::get("/things").header("origin", "https://evil.example").body(Body::empty()).unwrap();
    assert_eq!(send(&app, foreign).await.header("access-control-allow-origin"), "");
}
