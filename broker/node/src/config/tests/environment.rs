//! Environment variables over the file.

use super::*;

#[test]
fn variables_get_the_type_of_their_key() {
    let config = load(
        "[server]\nworkers = 1\n",
        &[
            ("NATTER__SERVER__WORKERS", "4"),
            ("NATTER__SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/8\"]"),
            ("NATTER__STORE__PATH", "12345"),
            ("NATTER__STORE__DURABILITY", "async"),
            ("NATTER__PLUGINS__CENTRIFUGO__ALLOW_ANONYMOUS", "true"),
            ("NATTER__PLUGINS__CENTRIFUGO__PING_INTERVAL", "30s"),
            ("NATTER__LIMITS__IDEMPOTENCY_WINDOW_SECONDS", "60"),
            ("NATTER__MAIL__FROM", "\"quoted\""),
            ("NATTER_LOG", "is not ours"),
            ("PATH", "neither"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.workers, 4);
    assert_eq!(config.server.trusted_proxies.len(), 1);
    assert_eq!(config.store.path, Path::new("12345"));
    assert_eq!(config.store.durability, Durability::Async);
    assert!(config.plugins.centrifugo.allow_anonymous);
    assert_eq!(config.plugins.centrifugo.ping_interval, Duration::from_secs(30));
    assert_eq!(config.limits.idempotency_window, Duration::from_secs(60));
    assert_eq!(config.mail.from, "quoted");
}

#[test]
fn lists_are_reached_by_position_and_by_name() {
    let config = load(
        "",
        &[
            ("NATTER__LISTENERS__0__ADDRESS", "127.0.0.1:7000"),
            ("NATTER__LISTENERS__1__ADDRESS", "127.0.0.1:7001"),
            ("NATTER__LISTENERS__1__PLUGINS", "[\"centrifugo\"]"),
            ("NATTER__PLUGINS__CENTRIFUGO__NAMESPACES__FAST__PRESENCE", "true"),
            ("NATTER__TENANTS__DEMO__REQUIRE_EXP", "true"),
        ],
    )
    .unwrap();
    assert_eq!(config.listeners.len(), 2);
    assert!(config.listeners[1].serves("centrifugo") && !config.listeners[1].serves("chatsdk"));
    assert_eq!(config.plugins.centrifugo.namespaces.len(), 3);
    assert!(config.plugins.centrifugo.namespace("fast").unwrap().presence);
    assert!(config.tenants[0].require_exp && config.tenants[0].has_api_key("demo-api-key"));
}

#[test]
fn a_list_that_is_nowhere_else_begins_with_its_first_element() {
    let config = load(
        "",
        &[
            ("NATTER__PLUGINS__CENTRIFUGO__PROXIES__0__NAME", "own"),
            ("NATTER__PLUGINS__CENTRIFUGO__PROXIES__0__ENDPOINT", "http://127.0.0.1:7000"),
            ("NATTER__PLUGINS__CENTRIFUGO__PROXIES__1__NAME", "other"),
            ("NATTER__PLUGINS__CENTRIFUGO__PROXIES__OTHER__ENDPOINT", "http://127.0.0.1:7001"),
            ("NATTER__STORE__CONTACT_POINTS__0", "127.0.0.1:9042"),
        ],
    )
    .unwrap();
    let proxies = &config.plugins.centrifugo.proxies;
    let found: Vec<_> = proxies.iter().map(|proxy| (proxy.name.as_str(), proxy.endpoint.as_str())).collect();
    assert_eq!(found, [("own", "http://127.0.0.1:7000"), ("other", "http://127.0.0.1:7001")]);
    assert_eq!(config.store.contact_points, ["127.0.0.1:9042"]);
    let late = load("", &[("NATTER__PLUGINS__CENTRIFUGO__PROXIES__1__NAME", "own")]);
    assert!(late.unwrap_err().to_string().contains("plugins.centrifugo.proxies"));
}

#[test]
fn a_whole_list_can_be_set() {
    let text = "[{ id = \"a\", api_keys = [\"k\"] }, { id = \"b\" }]";
    let config = load("", &[("NATTER__TENANTS", text), ("NATTER__TENANTS__B__REQUIRE_EXP", "true")]).unwrap();
    assert_eq!(config.tenants.len(), 2);
    assert!(config.tenants[1].require_exp);
    assert_eq!(config.plugins.centrifugo.tenant, "a");
}

#[test]
fn errors_name_the_variable() {
    let cases = [
        ("NATTER__SERVER__WORKER", "4", "NATTER__SERVER__WORKER: server.worker: unknown key; did you mean workers?"),
        (
            "NATTER__SERVER__WORKERS",
            "many",
            "NATTER__SERVER__WORKERS: server.workers: expected a whole number, found the text \"many\"",
        ),
        (
            "NATTER__SERVER__PUBLIC_URL__X",
            "1",
            "NATTER__SERVER__PUBLIC_URL__X: server.public_url: is set to a single value that has no part `x`",
        ),
        ("NATTER__TENANTS__5__ID", "x", "NATTER__TENANTS__5__ID: tenants: has 1 elements; the next one is number 1"),
        ("NATTER__TENANTS__NOBODY__ID", "x", "NATTER__TENANTS__NOBODY__ID: tenants: has no element named `nobody`"),
        ("NATTER__", "x", "NATTER__: is not the name of a key"),
        (
            "NATTER__SERVER__SHUTDOWN_SECONDS",
            "0",
            "NATTER__SERVER__SHUTDOWN_SECONDS: server.shutdown_seconds: must be more than 0, so that connections can be told",
        ),
    ];
    for (name, value, message) in cases {
        let error = load("[server]\npublic_url = \"http://x\"\n", &[(name, value)]).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
