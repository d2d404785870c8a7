//! Namespaces of maps: what goes together, and where presence is kept.

use std::time::Duration;

use super::super::centrifugo::Centrifugo;
use super::super::errors::KeyPath;
use super::super::maps::{ClientKey, MapMode, MapOptions};
use super::super::namespaces::{Namespace, SubscriptionType};
use super::Checks;
use super::centrifugo::known_proxy;

/// More than this is not kept of one channel.
const STREAM_SIZE_MAX: usize = 100_000;
const KEYS_MAX: usize = 10_000_000;
const PAGE_SIZE_MAX: usize = 10_000;

pub(super) fn check(settings: &Centrifugo, namespace: &Namespace, path: &KeyPath, checks: &mut Checks<'_>) {
    let map = path.key("map");
    match namespace.subscription_type.is_map() {
        true => {
            company(namespace, path, checks);
            modes(namespace, &map, checks);
            sizes(&namespace.map, &map, checks);
            proxies(settings, &namespace.map, &map, checks);
        }
        false => {
            let fine = namespace.map == MapOptions::default();
            checks.require(fine, map, "needs subscription_type \"map\", \"map_clients\" or \"map_users\"");
            let debounce = path.key("client_publish_debounce_interval");
            let fine = namespace.client_publish_debounce_interval.is_zero();
            checks.require(fine, debounce, "needs subscription_type = \"map\"");
        }
    }
    presence(settings, namespace, path, checks);
}

/// What a map cannot be as well.
fn company(namespace: &Namespace, path: &KeyPath, checks: &mut Checks<'_>) {
    let refused = [
        ("durable", namespace.durable, "cannot be set for a map: its keys are in memory"),
        ("history_size", namespace.history_size > 0, "cannot be set for a map: map.stream_size is its history"),
        ("history_ttl", !namespace.history_ttl.is_zero(), "cannot be set for a map: map.stream_ttl is its history"),
        ("force_recovery", namespace.force_recovery, "cannot be set for a map: map.mode says whether it recovers"),
        ("force_positioning", namespace.force_positioning, "cannot be set for a map: map.mode says whether it does"),
        (
            "allow_publish_for_client",
            namespace.allow_publish,
            "cannot be set for a map: map has an option of that name",
        ),
        (
            "allow_publish_for_subscriber",
            namespace.allow_publish_for_subscriber,
            "cannot be set for a map: map has an option of that name",
        ),
        ("publish_proxy_enabled", namespace.publish_proxy_enabled, "cannot be set for a map: nobody publishes past it"),
    ];
    for (option, is_set, message) in refused {
        checks.require(!is_set, path.key(option), message);
    }
}

fn modes(namespace: &Namespace, path: &KeyPath, checks: &mut Checks<'_>) {
    let map = &namespace.map;
    let is_presence = namespace.subscription_type != SubscriptionType::Map;
    let mode = path.key("mode");
    checks.require(map.mode != MapMode::Unset, mode, "must be \"ephemeral\", \"recoverable\" or \"persistent\"");
    let persists = map.mode == MapMode::Persistent;
    let fine = !(persists && is_presence);
    checks.require(fine, path.key("mode"), "\"persistent\" is not for presence, whose keys have to expire");
    let expires = matches!(map.mode, MapMode::Ephemeral | MapMode::Recoverable);
    checks.require(!expires || !map.key_ttl.is_zero(), path.key("key_ttl"), "is needed in this mode");
    checks.require(!persists || map.key_ttl.is_zero(), path.key("key_ttl"), "is not for mode \"persistent\"");
    if map.mode == MapMode::Ephemeral {
        let message = "is not for mode \"ephemeral\", which has no stream";
        checks.require(map.stream_size == 0, path.key("stream_size"), message);
        checks.require(map.stream_ttl.is_zero(), path.key("stream_ttl"), message);
        checks.require(map.meta_ttl.is_zero(), path.key("meta_ttl"), message);
    }
    let meta_min = map.effective_stream_ttl().max(map.key_ttl);
    let meta_fine = map.meta_ttl.is_zero() || map.meta_ttl >= meta_min;
    checks.require(meta_fine, path.key("meta_ttl"), "is less than stream_ttl or key_ttl");
    let meta_fine = map.meta_ttl.is_zero() || !persists;
    checks.require(meta_fine, path.key("meta_ttl"), "is not for mode \"persistent\", whose keys stay for ever");
    let client_keyed = !is_presence || map.client_key == ClientKey::Any;
    checks.require(client_keyed, path.key("client_key"), "is not for presence, whose keys nobody chooses");
}

fn sizes(map: &MapOptions, path: &KeyPath, checks: &mut Checks<'_>) {
    let (min, max, default) = (map.min_page_size, map.max_page_size, map.default_page_size);
    checks.require(map.stream_size <= STREAM_SIZE_MAX, path.key("stream_size"), "is more than 100000");
    checks.require((1..=KEYS_MAX).contains(&map.max_keys), path.key("max_keys"), "must be 1 to 10000000");
    checks.require(max <= PAGE_SIZE_MAX, path.key("max_page_size"), "is more than 10000");
    checks.require(min == 0 || max == 0 || min <= max, path.key("min_page_size"), "is more than max_page_size");
    let fits = (max == 0 || default <= max) && (default == 0 || default >= min);
    checks.require(fits, path.key("default_page_size"), "is not between min_page_size and max_page_size");
    let live = map.live_transition_max_publication_limit;
    let fine = live <= STREAM_SIZE_MAX;
    checks.require(fine, path.key("live_transition_max_publication_limit"), "is more than 100000");
    let timeout = path.key("subscribe_catch_up_timeout");
    let fine = map.subscribe_catch_up_timeout <= Duration::from_secs(60);
    checks.require(fine, timeout, "is more than a minute");
}

/// Backends that are asked must be known.
fn proxies(settings: &Centrifugo, map: &MapOptions, path: &KeyPath, checks: &mut Checks<'_>) {
    let own = &settings.channel.proxy;
    if map.publish_proxy_enabled {
        known_proxy(settings, &map.publish_proxy_name, &own.map_publish, path.key("publish_proxy_name"), checks);
    }
    if map.remove_proxy_enabled {
        known_proxy(settings, &map.remove_proxy_name, &own.map_remove, path.key("remove_proxy_name"), checks);
    }
}

/// Presence must be kept in a namespace that is made for it.
fn presence(settings: &Centrifugo, namespace: &Namespace, path: &KeyPath, checks: &mut Checks<'_>) {
    let uses = [
        (
            "map_clients_presence_channel_prefix",
            &namespace.map_clients_presence_channel_prefix,
            SubscriptionType::MapClients,
            "map_clients",
        ),
        (
            "map_users_presence_channel_prefix",
            &namespace.map_users_presence_channel_prefix,
            SubscriptionType::MapUsers,
            "map_users",
        ),
    ];
    for (option, prefix, wanted, name) in uses {
        let target = prefix.split_once(':').map_or("", |(target, _)| target);
        let is_fine =
            prefix.is_empty() || settings.namespace(target).is_some_and(|target| target.subscription_type == wanted);
        if !is_fine {
            let message = format!("{prefix:?} does not begin with a namespace of subscription_type \"{name}\"");
            checks.fail(path.key(option), message, Some("such as \"online:\""));
        }
    }
}
