//! What a reload applies.

use super::*;

#[test]
fn only_limits_tenants_and_namespaces_are_applied() {
    let old = loaded(&reference());
    let changed = reference()
        .replace("127.0.0.1:8001", "127.0.0.1:8002")
        .replace("history_size = 100\n", "history_size = 50\n")
        .replace("\"other-api-key\"", "\"new-api-key\"")
        .replace("allow_anonymous = false", "allow_anonymous = true")
        + "\n[limits]\nmax_connections = 7\n";
    let new = loaded(&changed);
    let difference = old.reloadable_difference(&new);
    assert_eq!(difference.applied, ["limits", "tenants", "plugins.centrifugo.namespaces"]);
    assert_eq!(difference.restart, ["listeners", "plugins.centrifugo"]);

    let next = old.reloaded(&new);
    assert_eq!(next.limits.max_connections, 7);
    assert!(next.tenants[1].has_api_key("new-api-key"));
    assert_eq!(next.plugins.centrifugo.namespaces[0].history_size, 50);
    assert!(!next.plugins.centrifugo.allow_anonymous);
    assert_eq!(next.listeners, old.listeners);
}

#[test]
fn nothing_changed_is_nothing() {
    let config = loaded(&reference());
    assert!(config.reloadable_difference(&config.clone()).is_empty());
}
