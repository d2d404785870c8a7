//! What the stand-ins share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use natter_node::config::Push;
use natter_outbox::push::{Device, Platform, PushMessage, PushProvider, PushResult, PushSender};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;

pub(crate) const NOW_S: i64 = 1_700_000_000;

/// Bodies of sound requests.
pub(crate) type Seen = Arc<Mutex<Vec<Value>>>;

pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub(crate) async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    base
}

/// A sender whose clock stands still.
pub(crate) fn sender(config: &Push) -> PushSender {
    let clock: natter_store::Clock = Arc::new(|| NOW_S * 1000);
    PushSender::from_config(config, &[], &clock).unwrap()
}

pub(crate) fn device(provider: PushProvider, token: &str) -> Device {
    Device { provider, token: token.to_owned(), platform: Platform::Ios }
}

pub(crate) fn message() -> PushMessage {
    PushMessage {
        title: "Ada".to_owned(),
        body: "Hello".to_owned(),
        data: BTreeMap::from([("messageId".to_owned(), "m1".to_owned())]),
        badge: Some(3),
        channel_id: Some("c1".to_owned()),
    }
}

/// Whether a JSON object has no other members than these.
pub(crate) fn has_only(value: &Value, members: &[&str]) -> bool {
    value.as_object().is_some_and(|object| object.keys().all(|name| members.contains(&name.as_str())))
}

pub(crate) fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

pub(crate) fn seconds(result: &PushResult) -> Option<u64> {
    match result {
        PushResult::Retry { after, .. } => after.map(|after| after.as_secs()),
        _ => panic!("{result:?} is no retry"),
    }
}
