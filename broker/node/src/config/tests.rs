//! Table tests of loading, errors, environment, warnings and reload.

use std::path::Path;
use std::time::Duration;

use super::*;

mod environment;
mod errors;
mod maps;
mod namespaces;
mod reload;
mod shared_poll;

/// Loads a text with variables.
fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load_text(text, variables)
}

fn loaded(text: &str) -> Config {
    load(text, &[]).unwrap_or_else(|error| panic!("{error}"))
}

/// The file at the root of the workspace, which shows a whole deployment.
fn reference() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../natter.toml")).unwrap()
}

#[test]
fn a_node_without_a_file_is_a_development_node() {
    let config = load("", &[]).unwrap();
    assert_eq!(config.listeners[0].address.to_string(), "127.0.0.1:8000");
    assert_eq!(config.server.internal_address.to_string(), "127.0.0.1:9000");
    assert!(config.tenants[0].has_api_key("demo-api-key"));
    assert_eq!(config.plugins.centrifugo.tenant, "demo");
    assert_eq!(config.warnings(&["centrifugo"]), []);
}

#[test]
fn the_default_file_sets_every_key_to_its_default() {
    let mut documented = loaded(Config::default_toml());
    documented.mentioned.clear();
    assert_eq!(documented, load("", &[]).unwrap());
}

/// What stands in a comment must be a key, too.
#[test]
fn the_default_file_reads_with_its_comments_taken_away() {
    let key = regex::Regex::new(r"^# (\[+[a-z._]+\]+|[a-z_]+ = )").unwrap();
    let lines = Config::default_toml().lines().map(|line| if key.is_match(line) { &line[2..] } else { line });
    let text = lines.collect::<Vec<_>>().join("\n");
    let error = load(&text, &[]).unwrap_err().to_string();
    // A store that the nodes do not share beside a cluster: a check objects, the reading itself does not.
    assert!(
        error.ends_with("cluster: several nodes need a store that they share; set store.kind = \"scylla\""),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn the_reference_file_loads_with_one_warning_for_each_missing_part() {
    let config = loaded(&reference());
    assert_eq!(config.tenants.len(), 2);
    assert_eq!(config.plugins.connectnow.users.len(), 2);
    assert_eq!(config.plugins.centrifugo.namespace("durable").unwrap().history_ttl, Duration::from_secs(604_800));
    let keys: Vec<String> = config.warnings(&["centrifugo"]).into_iter().map(|warning| warning.key).collect();
    let expected = [
        "quic",
        "files",
        "mail",
        "webhooks",
        "link_previews",
        "push",
        "plugins.socketio",
        "plugins.openchat",
        "plugins.chatify",
        "plugins.campus",
        "plugins.connectnow",
        "plugins.chatsdk",
        "listeners[2]",
        "listeners[3]",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn a_listener_with_some_missing_plugins_says_which() {
    let config = loaded("[[listeners]]\naddress = \"127.0.0.1:1\"\nplugins = [\"centrifugo\", \"chatsdk\"]\n");
    let warnings: Vec<String> = config.warnings(&["centrifugo"]).iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["listeners[0]: 127.0.0.1:1 (chatsdk): not part of this build, only the others are served"]);
}

#[test]
fn open_doors_are_warned_about_on_public_listeners_only() {
    let text = "[[tenants]]\nid = \"demo\"\ntoken_secret = \"demo-secret-demo-secret-demo-secret\"\n\
                [plugins.centrifugo]\ninsecure = true\n[[listeners]]\naddress = \"ADDRESS\"\n";
    let warnings = |address: &str| loaded(&text.replace("ADDRESS", address)).warnings(&["centrifugo"]).len();
    assert_eq!(warnings("127.0.0.1:8000"), 0);
    assert_eq!(warnings("0.0.0.0:8000"), 2);
}

#[test]
fn secrets_stay_out_of_the_debug_form() {
    let shown = format!("{:?}", loaded(&reference()));
    for secret in ["demo-secret", "demo-api-key", "ada-api-token"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn address_ranges_hold_their_addresses() {
    let cases = [
        ("10.0.0.0/8", "10.1.2.3", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("0.0.0.0/0", "9.9.9.9", true),
        ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "::ffff:127.0.0.1", true),
        ("127.0.0.1", "127.0.0.2", false),
        ("fd00::/8", "fd12::1", true),
        ("fd00::/8", "fe80::1", false),
        ("::/0", "::1", true),
    ];
    for (range, address, inside) in cases {
        let range: AddressRange = range.parse().unwrap();
        assert_eq!(range.contains(address.parse().unwrap()), inside, "{range:?} {address}");
    }
    assert!("10.0.0.0/33".parse::<AddressRange>().is_err());
}

#[test]
fn spans_of_time_have_several_spellings() {
    let cases = [
        ("300s", Some(300_000)),
        ("1h30m", Some(5_400_000)),
        ("250ms", Some(250)),
        ("1.5s", Some(1500)),
        ("2", Some(2000)),
        ("7d", Some(604_800_000)),
        ("", None),
        ("s", None),
        ("10 s", None),
        ("-1s", None),
        ("9999999999h", None),
        ("1y", None),
        ("nan", None),
    ];
    for (text, milliseconds) in cases {
        assert_eq!(parse_duration(text), milliseconds.map(Duration::from_millis), "{text:?}");
    }
}
