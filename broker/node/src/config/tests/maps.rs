//! Namespaces of maps: every option, and what does not go together.

use super::*;

/// Options of `map`, and the value each is set to; those that need company bring it along.
const OPTIONS: [&str; 20] = [
    "key_ttl = \"5s\"",
    "stream_size = 7",
    "stream_ttl = \"5s\"",
    "meta_ttl = \"2m\"",
    "ordered = true",
    "max_keys = 7",
    "remove_client_on_unsubscribe = true",
    "client_key = \"client_id\"",
    "client_key = \"user_id\"",
    "allow_publish_for_client = true",
    "allow_publish_for_subscriber = true",
    "allow_publish_for_anonymous = true",
    "allow_remove_for_client = true",
    "allow_remove_for_subscriber = true",
    "allow_remove_for_anonymous = true",
    "default_page_size = 7",
    "min_page_size = 7",
    "max_page_size = 7",
    "live_transition_max_publication_limit = 7",
    "subscribe_catch_up_timeout = \"7s\"",
];

fn namespace(subscription_type: &str, options: &str, map: &str) -> String {
    format!(
        "[[plugins.centrifugo.namespaces]]\nname = \"board\"\nsubscription_type = \"{subscription_type}\"\n{options}\n\
         [plugins.centrifugo.namespaces.map]\n{map}\n"
    )
}

fn options_of(map: &str) -> MapOptions {
    let config = loaded(&namespace("map", "", map));
    config.plugins.centrifugo.namespace("board").unwrap().map.clone()
}

fn refused(subscription_type: &str, options: &str, map: &str) -> String {
    load(&namespace(subscription_type, options, map), &[]).unwrap_err().to_string()
}

#[test]
fn every_option_reads_and_changes_something() {
    let plain = options_of("mode = \"recoverable\"\nkey_ttl = \"60s\"");
    for option in OPTIONS {
        let ttl = if option.starts_with("key_ttl") { "" } else { "key_ttl = \"60s\"\n" };
        assert_ne!(options_of(&format!("mode = \"recoverable\"\n{ttl}{option}")), plain, "{option}");
    }
}

#[test]
fn what_is_not_set_is_as_in_centrifugo() {
    let recoverable = options_of("mode = \"recoverable\"\nkey_ttl = \"60s\"");
    assert_eq!(
        (recoverable.effective_stream_size(), recoverable.effective_stream_ttl()),
        (100, Duration::from_secs(60))
    );
    assert_eq!(recoverable.effective_meta_ttl(), Some(Duration::from_secs(600)));
    assert_eq!([0, 5, 500, 5_000].map(|wanted| recoverable.page_size(wanted)), [100, 100, 500, 1_000]);
    assert_eq!((recoverable.live_limit(), recoverable.catch_up_timeout()), (1_000, Duration::from_secs(5)));
    assert_eq!(options_of("mode = \"persistent\"").effective_meta_ttl(), None);
    let ephemeral = options_of("mode = \"ephemeral\"\nkey_ttl = \"1s\"");
    assert_eq!((ephemeral.effective_stream_size(), ephemeral.effective_stream_ttl()), (0, Duration::ZERO));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let ephemeral = "mode = \"ephemeral\"\nkey_ttl = \"1s\"";
    let cases = [
        ("map", "", "", "mode"),
        ("map", "", "mode = \"ephemeral\"", "key_ttl"),
        ("map", "", "mode = \"persistent\"\nkey_ttl = \"1s\"", "key_ttl"),
        ("map_clients", "", "mode = \"persistent\"", "mode"),
        ("map", "", "mode = \"ephemeral\"\nkey_ttl = \"1s\"\nstream_size = 9", "stream_size"),
        ("map", "", "mode = \"recoverable\"\nkey_ttl = \"2m\"\nmeta_ttl = \"61s\"", "meta_ttl"),
        ("map", "", "mode = \"persistent\"\nmeta_ttl = \"1h\"", "meta_ttl"),
        ("map", "", "mode = \"persistent\"\nmin_page_size = 9\nmax_page_size = 8", "min_page_size"),
        ("map", "", "mode = \"persistent\"\nmax_page_size = 8\ndefault_page_size = 9", "default_page_size"),
        ("map", "", "mode = \"persistent\"\npublish_proxy_enabled = true", "publish_proxy_name"),
        (
            "map",
            "",
            "mode = \"persistent\"\nremove_proxy_enabled = true\nremove_proxy_name = \"b\"",
            "remove_proxy_name",
        ),
        ("map", "", "mode = \"persistent\"\nmax_keys = 0", "max_keys"),
        ("map", "durable = true\nhistory_size = 1\nhistory_ttl = 1", ephemeral, "durable"),
        ("map", "history_size = 1\nhistory_ttl = 1", ephemeral, "history_size"),
        ("map", "allow_publish = true", ephemeral, "allow_publish_for_client"),
        ("map", "map_users_presence_channel_prefix = \"nowhere:\"", ephemeral, "map_users_presence_channel_prefix"),
        ("stream", "", ephemeral, "map"),
        ("stream", "client_publish_debounce_interval = \"1s\"", "", "client_publish_debounce_interval"),
    ];
    for (subscription_type, options, map, key) in cases {
        let error = refused(subscription_type, options, map);
        assert!(error.contains(key), "{options} {map}: {error}");
    }
}

#[test]
fn proxies_that_are_known_are_asked() {
    let proxies = "[plugins.centrifugo.channel.proxy.map_publish]\nendpoint = \"http://b\"\n\
        [[plugins.centrifugo.proxies]]\nname = \"other\"\nendpoint = \"http://c\"\n";
    let map = "mode = \"persistent\"\npublish_proxy_enabled = true\nremove_proxy_enabled = true\nremove_proxy_name = \"other\"";
    let config = loaded(&format!("{proxies}{}", namespace("map", "", map)));
    let map = &config.plugins.centrifugo.namespace("board").unwrap().map;
    assert_eq!((map.publish_proxy_name.as_str(), map.remove_proxy_name.as_str()), ("default", "other"));
    let faulty = proxies.replace("map_publish", "map_remove").replace("http://b", "b");
    assert!(load(&faulty, &[]).unwrap_err().to_string().contains("map_remove.endpoint"));
}
