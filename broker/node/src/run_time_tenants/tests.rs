//! Rows and configuration together.

use natter_store::MemoryStore;

use super::*;
use crate::tenant::Tenants;

fn configured(id: &str, secret: &str) -> Tenant {
    Tenant { id: id.to_owned(), token_secret: Secret::new(secret), ..Tenant::default() }
}

#[tokio::test]
async fn an_added_tenant_has_a_key_and_a_secret() {
    let store = MemoryStore::new();
    let tenancy = Tenancy { store: &store, configured: &[] };
    let issued = tenancy.add("acme").await.unwrap();
    let tenants = tenancy.all().await.unwrap();
    assert_eq!(tenants.len(), 1);
    assert!(tenants[0].has_api_key(&issued.api_key));
    assert_eq!(tenants[0].token_secret.reveal(), issued.token_secret);
    assert!(issued.token_secret.len() >= 32);
    assert!(matches!(tenancy.add("acme").await, Err(IssueError::Exists(_))));
}

#[tokio::test]
async fn a_second_key_keeps_the_first_and_the_secret_before() {
    let store = MemoryStore::new();
    let tenancy = Tenancy { store: &store, configured: &[] };
    let first = tenancy.add("acme").await.unwrap();
    let second = tenancy.issue("acme", false).await.unwrap();
    let tenant = tenancy.all().await.unwrap().remove(0);
    assert!(tenant.has_api_key(&first.api_key) && tenant.has_api_key(&second.api_key));
    assert_eq!(tenant.token_secret.reveal(), second.token_secret);
    assert_eq!(tenant.previous_token_secret.reveal(), first.token_secret);
}

#[tokio::test]
async fn replacing_withdraws_what_was_issued_before() {
    let store = MemoryStore::new();
    let tenancy = Tenancy { store: &store, configured: &[] };
    let first = tenancy.add("acme").await.unwrap();
    let second = tenancy.issue("acme", true).await.unwrap();
    let tenant = tenancy.all().await.unwrap().remove(0);
    assert!(!tenant.has_api_key(&first.api_key) && tenant.has_api_key(&second.api_key));
    assert!(tenant.previous_token_secret.is_empty());
}

#[tokio::test]
async fn a_configured_secret_stays() {
    let store = MemoryStore::new();
    let tenants = [configured("shop", "a-secret-of-more-than-thirty-two-bytes")];
    let tenancy = Tenancy { store: &store, configured: &tenants };
    let issued = tenancy.issue("shop", false).await.unwrap();
    assert_eq!(issued.token_secret, "a-secret-of-more-than-thirty-two-bytes");
    let tenant = tenancy.all().await.unwrap().remove(0);
    assert!(tenant.has_api_key(&issued.api_key));
    // Once the file has dropped the tenant, keys alone do not bring it back.
    let without = Tenancy { store: &store, configured: &[] };
    assert!(without.all().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_configured_tenant_without_a_secret_gets_one() {
    let store = MemoryStore::new();
    let tenants = [configured("shop", "")];
    let tenancy = Tenancy { store: &store, configured: &tenants };
    let issued = tenancy.issue("shop", false).await.unwrap();
    assert_eq!(tenancy.all().await.unwrap()[0].token_secret.reveal(), issued.token_secret);
}

#[tokio::test]
async fn names_are_checked() {
    let store = MemoryStore::new();
    let tenancy = Tenancy { store: &store, configured: &[] };
    for name in ["", "a b", "ä", "@node", &"x".repeat(65)] {
        assert!(matches!(tenancy.add(name).await, Err(IssueError::Name(_))), "{name}");
    }
    assert!(matches!(tenancy.add("OpenChat.shop").await, Err(IssueError::Reserved(_))));
    assert!(matches!(tenancy.issue("nobody", false).await, Err(IssueError::Unknown(_))));
}

#[tokio::test]
async fn keys_are_bounded() {
    let store = MemoryStore::new();
    let tenancy = Tenancy { store: &store, configured: &[] };
    tenancy.add("acme").await.unwrap();
    for _ in 1..32 {
        tenancy.issue("acme", false).await.unwrap();
    }
    assert!(matches!(tenancy.issue("acme", false).await, Err(IssueError::TooMany(_))));
    tenancy.issue("acme", true).await.unwrap();
}

#[tokio::test]
async fn a_tenant_that_registers_itself_is_there_once_and_can_be_given_keys() {
    let store = MemoryStore::new();
    let tenants = Tenants::default();
    for _ in 0..2 {
        register(&store, &tenants, "shop").await.unwrap();
    }
    let tenant = tenants.get("openchat.shop").unwrap();
    assert!(tenant.settings().api_keys.is_empty());
    let tenancy = Tenancy { store: &store, configured: &[] };
    let issued = tenancy.issue("openchat.shop", false).await.unwrap();
    assert_eq!(tenancy.all().await.unwrap()[0].token_secret.reveal(), issued.token_secret);
    // A node that has just started, or another one, finds it with its keys.
    let elsewhere = Tenants::default();
    assert!(register(&store, &elsewhere, "shop").await.unwrap().settings().has_api_key(&issued.api_key));
    assert!(matches!(register(&store, &tenants, &"x".repeat(60)).await, Err(RegisterError::Name)));
}
