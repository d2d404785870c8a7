//! Shared poll namespaces: what they are made of, and what they refuse.

use super::*;

const WHOLE: &str = "[plugins.centrifugo.shared_poll]\nhmac_secret_key = \"k\"\n\
    [plugins.centrifugo.channel.proxy.shared_poll_refresh]\nendpoint = \"http://b\"\n\
    [[plugins.centrifugo.namespaces]]\nname = \"poll\"\nsubscription_type = \"shared_poll\"\n";

fn options(text: &str) -> SharedPollOptions {
    let config = loaded(&format!("{WHOLE}{text}"));
    let namespace = config.plugins.centrifugo.namespace("poll").unwrap();
    assert_eq!(namespace.subscription_type, SubscriptionType::SharedPoll);
    namespace.shared_poll.resolved()
}

#[test]
fn nothing_said_means_the_defaults() {
    let default = SharedPollOptions::default();
    assert_eq!(options(""), default);
    let zeros = "[plugins.centrifugo.namespaces.shared_poll]\nproxy_name = \"\"\nrefresh_interval = \"0s\"\n\
        refresh_batch_size = 0\nmax_keys_per_connection = 0\nmode = \"\"\nchannel_shutdown_delay = 0\n\
        track_expired_extra_delay = 0\n";
    assert_eq!(options(zeros), default);
}

#[test]
fn what_is_said_is_read() {
    let text = "[plugins.centrifugo.namespaces.shared_poll]\nproxy_name = \"default\"\nrefresh_interval = \"200ms\"\n\
        refresh_batch_size = 100\nmax_keys_per_connection = 7\nmode = \"versioned\"\nchannel_shutdown_delay = \"3s\"\n\
        track_expired_extra_delay = \"4s\"\npublish_enabled = true\n";
    let expected = SharedPollOptions {
        proxy_name: "default".to_owned(),
        refresh_interval: Duration::from_millis(200),
        refresh_batch_size: 100,
        max_keys_per_connection: 7,
        mode: SharedPollMode::Versioned,
        channel_shutdown_delay: Duration::from_secs(3),
        track_expired_extra_delay: Duration::from_secs(4),
        publish_enabled: true,
    };
    assert_eq!(options(text), expected);
}

#[test]
fn what_cannot_work_is_told() {
    let with = |text: &str| format!("{WHOLE}{text}");
    let of_poll = |text: &str| with(&format!("[plugins.centrifugo.namespaces.shared_poll]\n{text}\n"));
    let cases = [
        (
            WHOLE.replace("hmac_secret_key = \"k\"", "hmac_secret_key = \"\""),
            "hmac_secret_key: is needed: a namespace has subscription_type = \"shared_poll\"",
        ),
        (WHOLE.replace("endpoint = \"http://b\"", ""), "shared_poll.proxy_name: is \"default\", which has no endpoint"),
        (of_poll("proxy_name = \"x\""), "shared_poll.proxy_name: \"x\" is not one of plugins.centrifugo.proxies"),
        (of_poll("refresh_interval = \"1ms\""), "refresh_interval: is less than 10ms, the shortest there is"),
        (of_poll("refresh_batch_size = 10001"), "refresh_batch_size: is more than 10000"),
        (of_poll("max_keys_per_connection = 100001"), "max_keys_per_connection: is more than 100000"),
        (of_poll("publish_enabled = true"), "needs mode = \"versioned\": what is published has a version"),
        (of_poll("mode = \"other\""), "shared_poll.mode: unknown value \"other\""),
        (of_poll("intervall = 1"), "shared_poll.intervall: unknown key"),
        (with("history_size = 5\nhistory_ttl = 5\n"), "does not go with subscription_type = \"shared_poll\""),
    ];
    for (text, part) in cases {
        let error = load(&text, &[]).expect_err(&text).to_string();
        assert!(error.contains(part), "{error}");
    }
}
