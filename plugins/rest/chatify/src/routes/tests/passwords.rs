//! New passwords.

use serde_json::json;

use crate::testing::{Bench, PASSWORD};

const NEW: &str = "battery staple";

#[tokio::test]
async fn a_new_password_signs_out_everywhere_else() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let other = bench.login(&ada.email, PASSWORD).await.text("/data/token");
    let change =
        |old: &str, new: &str| bench.post("/api/v1/auth/password", &ada.token, json!({ "old": old, "new": new }));
    change("wrong password", NEW).await.fails(401);
    change(PASSWORD, "short").await.fails(400);
    assert_eq!(*change(PASSWORD, NEW).await.data(200), json!({}));
    bench.get("/api/v1/user/getme", &ada.token).await.data(200);
    bench.get("/api/v1/user/getme", &other).await.fails(401);
    bench.login(&ada.email, PASSWORD).await.fails(401);
    bench.login(&ada.email, NEW).await.data(200);
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_mail() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    let forgot = |email: &str| bench.post("/api/v1/auth/forgot", "", json!({ "email": email }));
    let unknown = forgot("nobody@example.com").await;
    unknown.data(200);
    assert_eq!(forgot(&ada.email.to_lowercase()).await.json, unknown.json);
    forgot("nonsense").await.fails(400);
    let mails = bench.mailed(1).await;
    assert_eq!((mails.len(), &mails[0]["to"]), (1, &json!(ada.email)));
    let text = mails[0]["text"].as_str().unwrap();
    let token = text.lines().map(str::trim).find(|line| line.len() == 88).unwrap();
    let reset = |token: &str, password: &str| {
        bench.post("/api/v1/auth/reset", "", json!({ "token": token, "password": password }))
    };
    reset("nonsense", NEW).await.fails(400);
    reset(token, "short").await.fails(400);
    reset(token, NEW).await.data(200);
    reset(token, NEW).await.fails(400);
    bench.get("/api/v1/user/getme", &ada.token).await.fails(401);
    bench.login(&ada.email, NEW).await.data(200);
}
