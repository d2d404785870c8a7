//! Every option of a namespace, under every spelling.

use super::*;

/// Options, and the value each is set to; those that need company bring it along.
const OPTIONS: [&str; 46] = [
    "durable = true\nhistory_size = 1\nhistory_ttl = \"1s\"",
    "presence = true",
    "join_leave = true",
    "force_push_join_leave = true",
    "history_size = 1\nhistory_ttl = \"1s\"",
    "history_size = 1\nhistory_ttl_seconds = 1",
    "history_meta_ttl = \"1s\"",
    "history_meta_ttl_seconds = 1",
    "force_positioning = true",
    "allow_positioning = true",
    "force_recovery = true\nhistory_size = 1\nhistory_ttl = \"1s\"",
    "allow_recovery = true",
    "force_recovery_mode = \"cache\"",
    "force_recovery_mode = \"cache\"\nauto_cache_recover = true",
    "allowed_delta_types = [\"fossil\"]",
    "allowed_delta_types = [\"fossil\"]\ndelta_publish = true",
    "allow_tags_filter = true",
    "allow_subscribe = true",
    "allow_subscribe_for_client = true",
    "allow_subscribe_for_anonymous = true",
    "allow_publish = true",
    "allow_publish_for_client = true",
    "allow_publish_for_subscriber = true",
    "allow_publish_for_anonymous = true",
    "allow_presence = true",
    "allow_presence_for_client = true",
    "allow_presence_for_subscriber = true",
    "allow_presence_for_anonymous = true",
    "allow_history = true",
    "allow_history_for_client = true",
    "allow_history_for_subscriber = true",
    "allow_history_for_anonymous = true",
    "allow_user_limited_channels = true",
    "channel_regex = \"^[a-z]+$\"",
    "publication_data_format = \"json\"",
    "publication_data_format = \"binary\"",
    "subscribe_proxy_enabled = true",
    "publish_proxy_enabled = true",
    "sub_refresh_proxy_enabled = true",
    "subscribe_proxy_name = \"other\"",
    "subscribe_stream_proxy_enabled = true",
    "subscribe_stream_proxy_name = \"other\"",
    "subscribe_stream_proxy_bidirectional = true",
    "map_clients_presence_channel_prefix = \"clients:\"",
    "map_users_presence_channel_prefix = \"users:\"",
    "subscription_type = \"map\"\n[plugins.centrifugo.namespaces.map]\nmode = \"persistent\"",
];

/// Proxies for the options that need one.
const PROXIES: &str = "[plugins.centrifugo.channel.proxy]\nsubscribe = { endpoint = \"http://b\" }\n\
    publish = { endpoint = \"http://b\" }\nsub_refresh = { endpoint = \"http://b\" }\n";

/// Namespaces for the options that need one.
const PRESENCE: &str = "[[plugins.centrifugo.namespaces]]\nname = \"clients\"\nsubscription_type = \"map_clients\"\n\
    map = { mode = \"ephemeral\", key_ttl = \"60s\" }\n\
    [[plugins.centrifugo.namespaces]]\nname = \"users\"\nsubscription_type = \"map_users\"\n\
    map = { mode = \"recoverable\", key_ttl = \"60s\" }\n";

#[test]
fn every_option_reads_and_changes_something() {
    for option in OPTIONS {
        let config =
            loaded(&format!("{PROXIES}{PRESENCE}[[plugins.centrifugo.namespaces]]\nname = \"news\"\n{option}\n"));
        let namespace = config.plugins.centrifugo.namespace("news").unwrap();
        let plain = Namespace { name: "news".to_owned(), ..Namespace::default() };
        assert_ne!(*namespace, plain, "{option}");
    }
}

#[test]
fn spellings_mean_the_same() {
    let pairs = [
        ("history_size = 9\nhistory_ttl_seconds = 300", "history_size = 9\nhistory_ttl = \"300s\""),
        ("allow_subscribe = true", "allow_subscribe_for_client = true"),
        ("allow_publish = true", "allow_publish_for_client = true"),
        ("allow_presence = true", "allow_presence_for_client = true"),
        ("allow_history = true", "allow_history_for_client = true"),
        ("", "subscription_type = \"stream\"\nforce_recovery_mode = \"\"\npublication_data_format = \"\""),
    ];
    for (one, other) in pairs {
        let read = |option: &str| loaded(&format!("[[plugins.centrifugo.namespaces]]\nname = \"news\"\n{option}\n"));
        assert_eq!(read(one), read(other), "{one} / {other}");
    }
}

#[test]
fn proxies_are_read() {
    let config = loaded(
        "[plugins.centrifugo.client.proxy.connect]\nenabled = true\nendpoint = \"http://127.0.0.1:1/connect\"\n\
         timeout = \"2s\"\nhttp_headers = [\"Cookie\"]\nhttp.static_headers = { X-Key = \"k\" }\n\
         [[plugins.centrifugo.client.proxy.connect.http.status_to_code_transforms]]\nstatus_code = 404\n\
         to_disconnect = { code = 4404, reason = \"gone\" }\n\
         [[plugins.centrifugo.proxies]]\nname = \"backend\"\nendpoint = \"https://example.com\"\n\
         [[plugins.centrifugo.rpc.namespaces]]\nname = \"bill\"\nproxy_enabled = true\nproxy_name = \"backend\"\n",
    );
    let connect = &config.plugins.centrifugo.client.proxy.connect;
    assert_eq!(connect.timeout, Duration::from_secs(2));
    assert_eq!(connect.http.static_headers["X-Key"], "k");
    assert_eq!(connect.http.status_to_code_transforms[0].to_disconnect.as_ref().unwrap().code, 4404);
}

#[test]
fn options_without_effect_are_told() {
    let text = "[[plugins.centrifugo.namespaces]]\nname = \"news\"\nsubscribe_stream_proxy_enabled = true\n";
    let warnings = loaded(text).warnings(&["centrifugo"]);
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].key, "plugins.centrifugo.namespaces[0].subscribe_stream_proxy_enabled");
}
