//! A tenant's endpoint.

use std::sync::Arc;

use natter_store::MemoryStore;

use super::*;
use crate::testing::{chat, chat_over, demo};

const URL: &str = "https://shop.example/hook";

fn url() -> Option<String> {
    Some(URL.to_owned())
}

#[tokio::test]
async fn a_secret_stays_until_the_endpoint_is_removed_or_another_one_is_brought() {
    let chat = chat();
    assert_eq!(chat.webhook(&demo()).await.unwrap(), None);
    let first = chat.set_webhook(&demo(), url(), None).await.unwrap().unwrap();
    assert_eq!((first.url.as_str(), first.secret.len()), (URL, 48));
    let moved = chat.set_webhook(&demo(), Some("https://shop.example/other".to_owned()), None).await.unwrap().unwrap();
    assert_eq!((moved.url.as_str(), &moved.secret), ("https://shop.example/other", &first.secret));
    let own = chat.set_webhook(&demo(), url(), Some("of-the-tenant".to_owned())).await.unwrap().unwrap();
    assert_eq!(own.secret, "of-the-tenant");
    assert_eq!(chat.set_webhook(&demo(), None, None).await.unwrap(), None);
    assert_eq!(chat.webhook(&demo()).await.unwrap(), None);
    let anew = chat.set_webhook(&demo(), url(), None).await.unwrap().unwrap();
    assert!(anew.secret.len() == 48 && anew.secret != first.secret);
}

#[tokio::test]
async fn a_secret_has_bounds_and_an_endpoint_one_tenant() {
    let chat = chat();
    for secret in [String::new(), "x".repeat(257), "a\nb".to_owned()] {
        let refused = chat.set_webhook(&demo(), url(), Some(secret)).await;
        assert!(matches!(refused, Err(ChatError::Invalid { field: "secret", .. })), "{refused:?}");
    }
    chat.set_webhook(&demo(), url(), None).await.unwrap();
    assert_eq!(chat.webhook(&TenantId::new("other")).await.unwrap(), None);
}

#[tokio::test]
async fn an_endpoint_is_there_after_a_restart_and_an_old_row_does_not_come_back() {
    let store = Arc::new(MemoryStore::new());
    let set = chat_over(Arc::<MemoryStore>::clone(&store)).set_webhook(&demo(), url(), None).await.unwrap();
    let chat = chat_over(store);
    assert_eq!(chat.webhook(&demo()).await.unwrap(), set);
    let old = WEBHOOKS.get(chat.store(), &demo(), PARTITION, "").await.unwrap();
    chat.set_webhook(&demo(), None, None).await.unwrap();
    chat.0.webhooks.remember(&demo(), old);
    assert_eq!(chat.webhook(&demo()).await.unwrap(), None);
}
