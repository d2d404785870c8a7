//! Listeners: no address twice, no unknown plugin, and no built-in tenant on an address that others can reach.

use std::net::SocketAddr;

use super::super::errors::KeyPath;
use super::super::hint::nearest;
use super::super::plugins::PLUGIN_NAMES;
use super::super::server::Listener;
use super::super::tree::Config;
use super::Checks;

pub(super) fn check(config: &Config, checks: &mut Checks<'_>) {
    let list = KeyPath::of(&["listeners"]);
    checks.require(!config.listeners.is_empty(), list.clone(), "is empty: nothing would be served");
    for (index, listener) in config.listeners.iter().enumerate() {
        address(config, index, listener, checks);
        for (position, plugin) in listener.plugins.iter().enumerate() {
            plugin_name(plugin, list.index(index).key("plugins").index(position), checks);
        }
    }
    quic(config, checks);
    default_tenant(config, checks);
}

fn address(config: &Config, index: usize, listener: &Listener, checks: &mut Checks<'_>) {
    let key = KeyPath::of(&["listeners"]).index(index).key("address");
    let earlier = config.listeners.iter().take(index).position(|other| collide(other.address, listener.address));
    if let Some(earlier) = earlier {
        checks.fail(key, format!("{} is already the address of listeners[{earlier}]", listener.address), None);
    } else if collide(config.server.internal_address, listener.address) {
        let hint = Some("the internal address must be its own, because it is never public");
        checks.fail(key, format!("{} is already server.internal_address", listener.address), hint);
    }
}

/// Port 0 asks the system for a free port, so it never collides. An unspecified address covers every other.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || covers)
}

fn plugin_name(plugin: &str, key: KeyPath, checks: &mut Checks<'_>) {
    if !PLUGIN_NAMES.contains(&plugin) {
        let hint = nearest(plugin, &PLUGIN_NAMES)
            .map_or_else(|| format!("plugins are {}", PLUGIN_NAMES.join(", ")), |near| format!("did you mean {near}?"));
        checks.fail(key, format!("{plugin:?} is not a plugin"), Some(&hint));
    }
}

fn quic(config: &Config, checks: &mut Checks<'_>) {
    if let Some(quic) = &config.quic {
        let both = quic.certificate.is_some() == quic.private_key.is_some();
        checks.require(both, KeyPath::of(&["quic"]), "needs both certificate and private_key, or neither");
    }
}

/// The built-in tenant's keys are known to everybody, so it is served to this machine only.
fn default_tenant(config: &Config, checks: &mut Checks<'_>) {
    let built_in = !config.mentions("tenants");
    let open = config.listeners.iter().position(|listener| !listener.address.ip().is_loopback());
    if let Some(index) = open.filter(|_| built_in) {
        let key = KeyPath::of(&["listeners"]).index(index).key("address");
        let hint = Some("add a [[tenants]] section with keys of your own");
        checks.fail(
            key,
            "is reachable from outside, but only the built-in tenant with its published keys exists",
            hint,
        );
    }
}
