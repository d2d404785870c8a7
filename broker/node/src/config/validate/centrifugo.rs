//! Centrifugo's settings: times that fit each other, namespaces that exist once, proxies that are there.

use super::super::centrifugo::Centrifugo;
use super::super::errors::KeyPath;
use super::super::namespaces::{Namespace, RecoveryMode};
use super::super::proxy::{DEFAULT_PROXY, Proxy};
use super::{Checks, maps, shared_poll};

/// Namespaces of natter's own, which no configuration may define.
const RESERVED_NAMESPACES: [&str; 2] = ["chat", "user"];

/// More publications than this are not kept of one channel.
const HISTORY_SIZE_MAX: usize = 10_000_000;

pub(super) fn check(settings: &Centrifugo, checks: &mut Checks<'_>) {
    let section = KeyPath::of(&["plugins", "centrifugo"]);
    times(settings, &section, checks);
    for (index, namespace) in settings.namespaces.iter().enumerate() {
        let path = section.key("namespaces").index(index);
        name(settings, index, namespace, &path, checks);
        history(namespace, &path, checks);
        maps::check(settings, namespace, &path, checks);
        namespace_proxies(settings, namespace, &path, checks);
        shared_poll::check(settings, namespace, &path, checks);
    }
    personal_channel(settings, &section, checks);
    proxies(settings, &section, checks);
    rpc(settings, &section, checks);
}

fn times(settings: &Centrifugo, section: &KeyPath, checks: &mut Checks<'_>) {
    let (interval, timeout) = (settings.ping_interval, settings.pong_timeout);
    if !interval.is_zero() && timeout >= interval {
        let message = format!("{timeout:?} is not less than ping_interval_seconds ({interval:?})");
        checks.fail(section.key("pong_timeout_seconds"), message, None);
    }
    let stale = section.key("stale_close_delay_seconds");
    checks.require(!settings.stale_close_delay.is_zero(), stale, "must be more than 0");
}

fn name(settings: &Centrifugo, index: usize, namespace: &Namespace, path: &KeyPath, checks: &mut Checks<'_>) {
    let (name, key) = (&namespace.name, path.key("name"));
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && (name.len() < 2 || !name.chars().all(sound)) {
        let hint = Some("\"\" is the namespace of channels without a prefix");
        checks.fail(key, format!("{name:?} must be at least two letters, digits, '-', '_' or '.'"), hint);
    } else if RESERVED_NAMESPACES.contains(&name.as_str()) {
        checks.fail(key, format!("{name:?} is built in and cannot be configured"), None);
    } else if let Some(earlier) = settings.namespaces.iter().take(index).position(|other| other.name == *name) {
        checks.fail(key, format!("{name:?} is already the name of namespaces[{earlier}]"), None);
    }
}

fn history(namespace: &Namespace, path: &KeyPath, checks: &mut Checks<'_>) {
    let keeps = namespace.keeps_history();
    checks.require(namespace.history_size <= HISTORY_SIZE_MAX, path.key("history_size"), "is more than 10000000");
    if (namespace.history_size == 0) != namespace.history_ttl.is_zero() {
        checks.fail(path.clone(), "history needs both history_size and history_ttl_seconds", None);
    }
    checks.require(keeps || !namespace.durable, path.key("durable"), "needs history_size and history_ttl_seconds");
    checks.require(
        keeps || !namespace.force_recovery,
        path.key("force_recovery"),
        "needs history_size and history_ttl_seconds",
    );
    let meta = namespace.history_meta_ttl;
    if !meta.is_zero() && meta < namespace.history_ttl {
        checks.fail(path.key("history_meta_ttl"), "is less than history_ttl: positions would be forgotten first", None);
    }
    if namespace.auto_cache_recover && namespace.force_recovery_mode != RecoveryMode::Cache {
        checks.fail(path.key("auto_cache_recover"), "needs force_recovery_mode = \"cache\"", None);
    }
    if namespace.delta_publish && namespace.allowed_delta_types.is_empty() {
        checks.fail(path.key("delta_publish"), "needs allowed_delta_types = [\"fossil\"]", None);
    }
}

fn namespace_proxies(settings: &Centrifugo, namespace: &Namespace, path: &KeyPath, checks: &mut Checks<'_>) {
    let own = &settings.channel.proxy;
    let uses = [
        ("subscribe_proxy", namespace.subscribe_proxy_enabled, &namespace.subscribe_proxy_name, &own.subscribe),
        ("publish_proxy", namespace.publish_proxy_enabled, &namespace.publish_proxy_name, &own.publish),
        ("sub_refresh_proxy", namespace.sub_refresh_proxy_enabled, &namespace.sub_refresh_proxy_name, &own.sub_refresh),
    ];
    for (use_of, enabled, name, default) in uses {
        if enabled {
            known_proxy(settings, name, default, path.key(&format!("{use_of}_name")), checks);
        }
    }
}

/// A proxy that is used must have an endpoint.
pub(super) fn known_proxy(settings: &Centrifugo, name: &str, default: &Proxy, key: KeyPath, checks: &mut Checks<'_>) {
    if name == DEFAULT_PROXY {
        checks.require(!default.endpoint.is_empty(), key, "is \"default\", which has no endpoint");
    } else if !settings.proxies.iter().any(|proxy| proxy.name == name) {
        checks.fail(key, format!("{name:?} is not one of plugins.centrifugo.proxies"), None);
    }
}

fn personal_channel(settings: &Centrifugo, section: &KeyPath, checks: &mut Checks<'_>) {
    let personal = &settings.subscribe_to_user_personal_channel;
    if personal.enabled && settings.namespace(&personal.personal_channel_namespace).is_none() {
        let key = section.key("subscribe_to_user_personal_channel").key("personal_channel_namespace");
        checks.fail(key, format!("{:?} is not a namespace", personal.personal_channel_namespace), None);
    }
}

fn proxies(settings: &Centrifugo, section: &KeyPath, checks: &mut Checks<'_>) {
    let client = section.key("client").key("proxy");
    let channel = section.key("channel").key("proxy");
    let sections = [
        (&settings.client.proxy.connect, client.key("connect")),
        (&settings.client.proxy.refresh, client.key("refresh")),
        (&settings.channel.proxy.subscribe, channel.key("subscribe")),
        (&settings.channel.proxy.publish, channel.key("publish")),
        (&settings.channel.proxy.sub_refresh, channel.key("sub_refresh")),
        (&settings.channel.proxy.map_publish, channel.key("map_publish")),
        (&settings.channel.proxy.map_remove, channel.key("map_remove")),
        (&settings.channel.proxy.shared_poll_refresh, channel.key("shared_poll_refresh")),
        (&settings.rpc.proxy, section.key("rpc").key("proxy")),
    ];
    for (proxy, path) in sections {
        proxy_itself(proxy, proxy.enabled, &path, checks);
    }
    for (index, proxy) in settings.proxies.iter().enumerate() {
        let path = section.key("proxies").index(index);
        let taken = settings.proxies.iter().take(index).any(|other| other.name == proxy.name);
        let sound = !proxy.name.is_empty() && proxy.name != DEFAULT_PROXY && !taken;
        checks.require(sound, path.key("name"), "must be unique, not empty and not \"default\"");
        proxy_itself(proxy, true, &path, checks);
    }
}

fn proxy_itself(proxy: &Proxy, needed: bool, path: &KeyPath, checks: &mut Checks<'_>) {
    if needed || !proxy.endpoint.is_empty() {
        checks.url(&proxy.endpoint, path.key("endpoint"));
    }
    checks.require(!proxy.timeout.is_zero(), path.key("timeout"), "must be more than 0");
    for (index, transform) in proxy.http.status_to_code_transforms.iter().enumerate() {
        let key = path.key("http").key("status_to_code_transforms").index(index);
        let one = transform.to_error.is_some() != transform.to_disconnect.is_some();
        checks.require(one, key, "needs exactly one of to_error and to_disconnect");
    }
}

fn rpc(settings: &Centrifugo, section: &KeyPath, checks: &mut Checks<'_>) {
    let path = section.key("rpc");
    let plain = &settings.rpc.without_namespace;
    if plain.proxy_enabled {
        known_proxy(
            settings,
            &plain.proxy_name,
            &settings.rpc.proxy,
            path.key("without_namespace").key("proxy_name"),
            checks,
        );
    }
    for (index, namespace) in settings.rpc.namespaces.iter().enumerate() {
        let path = path.key("namespaces").index(index);
        let taken = settings.rpc.namespaces.iter().take(index).any(|other| other.name == namespace.name);
        checks.require(!taken && !namespace.name.is_empty(), path.key("name"), "must be unique and not empty");
        if namespace.proxy_enabled {
            known_proxy(settings, &namespace.proxy_name, &settings.rpc.proxy, path.key("proxy_name"), checks);
        }
    }
}
