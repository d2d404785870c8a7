//! Registering, signing in and out.

use axum::body::Body;
use axum::http::Request;
use natter_node::auth::{inspect, sign_hs256};
use serde_json::{Value, json};

use crate::testing::{Answer, Bench, PASSWORD};

const SECRET: &str = "demo-secret-demo-secret-demo-secret";

fn cookie(answer: &Answer) -> String {
    answer.headers["set-cookie"].to_str().unwrap().to_owned()
}

async fn refresh(bench: &Bench, token: &str) -> Answer {
    bench.post("/api/v1/auth/refreshtoken", "", json!({ "refreshToken": token })).await
}

#[tokio::test]
async fn registering_signs_in() {
    let bench = Bench::start().await;
    let body = json!({ "name": " John Doe ", "email": "John@Example.com", "password": PASSWORD });
    let made = bench.post("/api/v1/auth/register", "", body.clone()).await;
    let user = &made.data(201)["user"];
    assert_eq!((&user["name"], &user["email"]), (&json!("John Doe"), &json!("John@Example.com")));
    assert_eq!(user["_id"].as_str().unwrap().len(), 24);
    let me = bench.get("/api/v1/user/getme", &made.text("/data/token")).await;
    assert_eq!(me.data(200)["user"], *user);
    let claims = inspect(&made.text("/data/token")).unwrap();
    assert_eq!((&claims.header["alg"], &claims.claims["iss"]), (&json!("HS256"), &json!("natter/chatify")));
    assert_eq!(claims.claims["exp"].as_i64().unwrap() - claims.claims["iat"].as_i64().unwrap(), 900);
    let again = json!({ "name": "J", "email": "john@example.COM", "password": PASSWORD });
    bench.post("/api/v1/auth/register", "", again).await.fails(409);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("name", Value::Null),
        ("email", json!("john")),
        ("email", json!(7)),
        ("password", json!("1234567")),
        ("password", json!("x".repeat(129))),
    ] {
        let mut body = body.clone();
        body["email"] = json!("new@example.com");
        body[field] = value;
        let answer = bench.post("/api/v1/auth/register", "", body).await;
        answer.fails(400);
        assert!(answer.text("/message").contains(field), "{answer:?}");
    }
}

#[tokio::test]
async fn bodies_may_be_urlencoded() {
    let bench = Bench::start().await;
    let request = Request::post("/api/v1/auth/register").header("content-type", "application/x-www-form-urlencoded");
    let body = "name=J%C3%B6rg+Doe&email=joerg%40example.com&password=correct+horse";
    let made = bench.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(made.data(201)["user"]["name"], "Jörg Doe");
    bench.login("joerg@example.com", PASSWORD).await.data(200);
}

#[tokio::test]
async fn signing_in_sets_the_cookie_that_refreshes() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let answer = bench.login(&ada.email.to_uppercase(), PASSWORD).await;
    assert_eq!(answer.data(200)["user"]["_id"], ada.id.as_str());
    let set = cookie(&answer);
    for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/api/v1/auth", "Max-Age=2592000"] {
        assert!(set.contains(part), "{set}");
    }
    let pair = set.split(';').next().unwrap().to_owned();
    assert_eq!(pair, format!("refreshToken={}", answer.text("/data/refreshToken")));
    let by_cookie = Request::post("/api/v1/auth/refreshtoken").header("cookie", format!("a=b; {pair}"));
    let renewed = bench.send(by_cookie.body(Body::empty()).unwrap()).await;
    assert_eq!(renewed.data(200).as_object().unwrap().len(), 2);
    assert!(cookie(&renewed).contains(&renewed.text("/data/refreshToken")));
    bench.get("/api/v1/user/getme", &renewed.text("/data/token")).await.data(200);
    bench.post("/api/v1/auth/refreshtoken", "", json!({})).await.fails(400);
}

#[tokio::test]
async fn wrong_and_unknown_look_the_same_and_ten_of_them_wait() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let wrong = bench.login(&ada.email, "wrong password").await;
    wrong.fails(401);
    assert_eq!(wrong.json, bench.login("nobody@example.com", PASSWORD).await.json);
    for _ in 0..9 {
        bench.login(&ada.email, "wrong password").await.fails(401);
    }
    let throttled = bench.login(&ada.email, PASSWORD).await;
    throttled.fails(429);
    assert!((1..=900).contains(&throttled.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap()));
    bench.pass(15 * 60 * 1_000);
    bench.login(&ada.email, PASSWORD).await.data(200);
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_everything_that_came_of_it() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let second = refresh(&bench, &ada.refresh).await;
    second.data(200);
    let (token, newest) = (second.text("/data/token"), second.text("/data/refreshToken"));
    bench.get("/api/v1/user/getme", &token).await.data(200);
    refresh(&bench, &ada.refresh).await.fails(401);
    bench.get("/api/v1/user/getme", &token).await.fails(401);
    refresh(&bench, &newest).await.fails(401);
    refresh(&bench, "nonsense").await.fails(401);
}

#[tokio::test]
async fn logging_out_is_at_once_and_for_one_session() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let other = bench.login(&ada.email, PASSWORD).await;
    let answer = bench.post("/api/v1/auth/logout", &ada.token, json!({})).await;
    assert_eq!(*answer.data(200), json!({}));
    assert!(cookie(&answer).contains("Max-Age=0"));
    bench.get("/api/v1/user/getme", &ada.token).await.fails(401);
    refresh(&bench, &ada.refresh).await.fails(401);
    bench.get("/api/v1/user/getme", &other.text("/data/token")).await.data(200);
}

#[tokio::test]
async fn tokens_last_a_quarter_of_an_hour_and_cannot_be_made_by_others() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let forged = sign_hs256(&inspect(&ada.token).unwrap().claims, SECRET).unwrap();
    bench.get("/api/v1/user/getme", &forged).await.fails(401);
    bench.get("/api/v1/user/getme", &sign_hs256(&json!({ "sub": ada.id }), SECRET).unwrap()).await.fails(401);
    bench.pass(15 * 60 * 1_000);
    bench.get("/api/v1/user/getme", &ada.token).await.fails(401);
    refresh(&bench, &ada.refresh).await.data(200);
}

#[tokio::test]
async fn registrations_are_limited() {
    let bench = Bench::start().await;
    let mut refused = None;
    for number in 0..120 {
        // Nothing is hashed for a body that cannot be taken, but it counts.
        let body = json!({ "name": "", "email": format!("a{number}@example.com"), "password": PASSWORD });
        let answer = bench.post("/api/v1/auth/register", "", body).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        answer.fails(400);
    }
    let refused = refused.unwrap();
    refused.fails(429);
    assert!(refused.headers.contains_key("retry-after"));
}
