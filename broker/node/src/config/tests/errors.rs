//! One case for every shape of error: the line, the key, the message and the hint.

use super::*;

/// A text and the whole error it gives.
type Case = (&'static str, &'static str);

fn check(cases: &[Case]) {
    for (text, message) in cases {
        let error = load(text, &[]).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(*message), "{text}");
    }
}

#[test]
fn reading() {
    check(&[
        ("[server]\nworkers = \n", "line 2: string values must be quoted, expected literal string"),
        ("[sever]\n", "line 1: sever: unknown key; did you mean server?"),
        (
            "\n[plugins.centrifugo]\nping_intervall = 3\n",
            "line 3: plugins.centrifugo.ping_intervall: unknown key; did you mean ping_interval_seconds?",
        ),
        (
            "[plugins.elephant]\n",
            "line 1: plugins.elephant: unknown key; known: socketio, centrifugo, openchat, chatify, campus, connectnow, chatsdk",
        ),
        ("[server]\nworkers = \"two\"\n", "line 2: server.workers: expected a whole number, found the text \"two\""),
        ("[server]\nworkers = -1\n", "line 2: server.workers: -1 is not in the range 0 to 18446744073709551615"),
        (
            "[metrics]\ntenant_limit = 1.5\n",
            "line 2: metrics.tenant_limit: expected a whole number, found the number 1.5",
        ),
        (
            "[link_previews]\nenabled = \"yes\"\n",
            "line 2: link_previews.enabled: expected true or false, found the text \"yes\"",
        ),
        (
            "[server]\nallowed_origins = \"*\"\n",
            "line 2: server.allowed_origins: expected a list, found the text \"*\"",
        ),
        ("[server]\npublic_url = 8000\n", "line 2: server.public_url: expected text, found the number 8000"),
        ("store = 1\n", "line 1: store: expected a table, found the number 1"),
        ("[store]\nkind = \"embeded\"\n", "line 2: store.kind: unknown value \"embeded\"; did you mean embedded?"),
        (
            "[[listeners]]\naddress = \"localhost\"\n",
            "line 2: listeners[0].address: \"localhost\" is not an address such as 127.0.0.1:8000",
        ),
        ("[[listeners]]\nplugins = []\n", "line 1: listeners[0]: key `address` is missing"),
        (
            "[server]\ntrusted_proxies = [\n  \"10.0.0.1\",\n  \"ten\",\n]\n",
            "line 4: server.trusted_proxies[1]: \"ten\" is neither an address such as 10.0.0.7 nor a range such as 10.0.0.0/8",
        ),
        (
            "[server]\nshutdown_seconds = -1\n",
            "line 2: server.shutdown_seconds: -1 seconds is not a usable span of time",
        ),
        (
            "[server]\nshutdown = \"soon\"\n",
            "line 2: server.shutdown: \"soon\" is not a span of time such as \"300s\" or \"1h30m\"",
        ),
        (
            "[plugins.centrifugo]\nping_interval = 1\nping_interval_seconds = 1\n",
            "line 1: plugins.centrifugo: `ping_interval_seconds` is set twice, under two of its spellings",
        ),
    ]);
}

#[test]
fn listeners_and_storage() {
    check(&[
        (
            "[[listeners]]\naddress = \"127.0.0.1:1\"\n[[listeners]]\naddress = \"127.0.0.1:1\"\n",
            "line 4: listeners[1].address: 127.0.0.1:1 is already the address of listeners[0]",
        ),
        (
            "[[listeners]]\naddress = \"127.0.0.1:9000\"\n",
            "line 2: listeners[0].address: 127.0.0.1:9000 is already server.internal_address; the internal address must be its own, because it is never public",
        ),
        (
            "[[listeners]]\naddress = \"127.0.0.1:1\"\nplugins = [\"centrifuge\"]\n",
            "line 3: listeners[0].plugins[0]: \"centrifuge\" is not a plugin; did you mean centrifugo?",
        ),
        (
            "[[listeners]]\naddress = \"0.0.0.0:1\"\n",
            "line 2: listeners[0].address: is reachable from outside, but only the built-in tenant with its published keys exists; add a [[tenants]] section with keys of your own",
        ),
        ("listeners = []\n", "line 1: listeners: is empty: nothing would be served"),
        ("[quic]\ncertificate = \"c.pem\"\n", "line 1: quic: needs both certificate and private_key, or neither"),
        ("[store]\nkind = \"scylla\"\n", "line 1: store.contact_points: is needed with kind = \"scylla\""),
        (
            "[cluster]\nredis = \"redis://127.0.0.1\"\n",
            "line 1: cluster: several nodes need a store that they share; set store.kind = \"scylla\"",
        ),
        (
            "[server]\npublic_url = \"example.com\"\n",
            "line 2: server.public_url: \"example.com\" is not a URL that starts with http:// or https://",
        ),
        ("[limits]\nmax_connections = 0\n", "line 2: limits.max_connections: must be at least 1"),
        (
            "[limits]\nframe_bytes_max = 2000000\n",
            "line 1: limits.connection_queue_bytes_max: is less than frame_bytes_max (2000000): one frame would not fit",
        ),
    ]);
}

#[test]
fn tenants() {
    check(&[
        (
            "[[tenants]]\nid = \"a\"\n[[tenants]]\nid = \"a\"\n",
            "line 4: tenants[1].id: \"a\" is already the id of tenants[0]",
        ),
        (
            "[[tenants]]\nid = \"openchat.shop\"\n",
            "line 2: tenants[0].id: \"openchat.shop\" is reserved: Open Chat partners get such ids when they register",
        ),
        (
            "[[tenants]]\nid = \"a b\"\n",
            "line 2: tenants[0].id: \"a b\" must be 1 to 64 letters, digits, '-', '_' or '.'",
        ),
        (
            "[[tenants]]\nid = \"a\"\ntoken_secret = \"\"\n",
            "line 3: tenants[0].token_secret: is empty; leave the key out if the tenant has no such secret",
        ),
        (
            "[[tenants]]\nid = \"a\"\ntoken_secret = \"short\"\n",
            "line 3: tenants[0].token_secret: has 5 bytes; at least 32 are needed",
        ),
        ("[[tenants]]\nid = \"a\"\napi_keys = [\"k\", \"\"]\n", "line 3: tenants[0].api_keys[1]: is empty"),
        (
            "[[tenants]]\nid = \"a\"\napi_keys = [\"k\"]\n[[tenants]]\nid = \"b\"\napi_keys = [\"k\"]\n",
            "line 6: tenants[1].api_keys[0]: is a key of another tenant too; a key must tell its tenant",
        ),
        (
            "[[tenants]]\nid = \"a\"\njwks_url = \"ftp://x\"\n",
            "line 3: tenants[0].jwks_url: \"ftp://x\" is not a URL that starts with http:// or https://",
        ),
        (
            "[[tenants]]\nid = \"a\"\ntoken_algorithms = [\"none\"]\n",
            "line 3: tenants[0].token_algorithms[0]: unknown value \"none\"",
        ),
        (
            "[[tenants]]\nid = \"a\"\ntoken_algorithms = [\"RS256\"]\n",
            "line 3: tenants[0].token_algorithms[0]: has no key: set rsa_public_key or jwks_url",
        ),
        (
            "[plugins.centrifugo]\ntenant = \"nobody\"\n",
            "line 2: plugins.centrifugo.tenant: \"nobody\" is not a configured tenant; tenants are demo",
        ),
        ("tenants = []\n", "line 1: tenants: is empty: nobody could use the node"),
    ]);
}

#[test]
fn centrifugo() {
    check(&[
        (
            "[plugins.centrifugo]\nping_interval = 5\n",
            "line 1: plugins.centrifugo.pong_timeout_seconds: 8s is not less than ping_interval_seconds (5s)",
        ),
        (
            "[[plugins.centrifugo.namespaces]]\nname = \"chat\"\n",
            "line 2: plugins.centrifugo.namespaces[0].name: \"chat\" is built in and cannot be configured",
        ),
        (
            "[[plugins.centrifugo.namespaces]]\nname = \"x\"\n",
            "line 2: plugins.centrifugo.namespaces[0].name: \"x\" must be at least two letters, digits, '-', '_' or '.'; \"\" is the namespace of channels without a prefix",
        ),
        (
            "[[plugins.centrifugo.namespaces]]\nname = \"aa\"\n[[plugins.centrifugo.namespaces]]\nname = \"aa\"\n",
            "line 4: plugins.centrifugo.namespaces[1].name: \"aa\" is already the name of namespaces[0]",
        ),
        (
            "[[plugins.centrifugo.namespaces]]\nname = \"aa\"\ndurable = true\n",
            "line 3: plugins.centrifugo.namespaces[0].durable: needs history_size and history_ttl_seconds",
        ),
        (
            "[[plugins.centrifugo.namespaces]]\nname = \"aa\"\nhistory_size = 5\n",
            "line 1: plugins.centrifugo.namespaces[0]: history needs both history_size and history_ttl_seconds",
        ),
        (
            "[[plugins.centrifugo.namespaces]]\nname = \"aa\"\nchannel_regex = \"[\"\n",
            "line 3: plugins.centrifugo.namespaces[0].channel_regex: \"[\" is no regular expression: error: unclosed character class",
        ),
        (
            "[[plugins.centrifugo.namespaces]]\nname = \"aa\"\nsubscribe_proxy_enabled = true\n",
            "line 1: plugins.centrifugo.namespaces[0].subscribe_proxy_name: is \"default\", which has no endpoint",
        ),
        (
            "[[plugins.centrifugo.namespaces]]\nname = \"aa\"\npublish_proxy_enabled = true\npublish_proxy_name = \"b\"\n",
            "line 4: plugins.centrifugo.namespaces[0].publish_proxy_name: \"b\" is not one of plugins.centrifugo.proxies",
        ),
        (
            "[plugins.centrifugo.client.proxy.connect]\nenabled = true\n",
            "line 1: plugins.centrifugo.client.proxy.connect.endpoint: \"\" is not a URL that starts with http:// or https://",
        ),
        (
            "[plugins.centrifugo.subscribe_to_user_personal_channel]\nenabled = true\npersonal_channel_namespace = \"no\"\n",
            "line 3: plugins.centrifugo.subscribe_to_user_personal_channel.personal_channel_namespace: \"no\" is not a namespace",
        ),
    ]);
}

#[test]
fn every_problem_of_the_checks_is_reported_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("natter.toml");
    std::fs::write(&path, "[limits]\nmax_connections = 0\nframe_bytes_max = 0\n").unwrap();
    let error = Config::load(Some(&path), std::iter::empty()).unwrap_err();
    let name = path.display();
    let expected = format!(
        "{name}:2: limits.max_connections: must be at least 1\n{name}:3: limits.frame_bytes_max: must be at least 1"
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Some(Path::new("/nonexistent/natter.toml")), std::iter::empty()).unwrap_err();
    assert!(error.to_string().starts_with("/nonexistent/natter.toml: cannot be read: "), "{error}");
}

proptest::proptest! {
    /// Whatever is read, the answer is a configuration or an error.
    #[test]
    fn no_text_panics(text in ".{0,200}", name in "[A-Z0-9_]{0,30}", value in ".{0,50}") {
        let _ = load(&text, &[]);
        let _ = load("", &[(&format!("NATTER__{name}"), &value)]);
    }
}
