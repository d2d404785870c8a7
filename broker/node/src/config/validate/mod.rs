//! Checks between values, and of values that their types let through. All of them run; each problem is reported at the
//! line or variable that set the value.

mod centrifugo;
mod listeners;
mod maps;
mod shared_poll;
mod tenants;

use super::errors::{KeyPath, Problem};
use super::node::Node;
use super::storage::StoreKind;
use super::tree::Config;

/// Everything wrong with a tree whose types are right.
pub(super) fn problems(config: &Config, root: &Node) -> Vec<Problem> {
    let mut checks = Checks { root, problems: Vec::new() };
    server(config, &mut checks);
    listeners::check(config, &mut checks);
    storage(config, &mut checks);
    limits(config, &mut checks);
    tenants::check(config, &mut checks);
    centrifugo::check(&config.plugins.centrifugo, &mut checks);
    other_plugins(config, &mut checks);
    checks.problems
}

/// Gathers problems.
struct Checks<'a> {
    root: &'a Node,
    problems: Vec<Problem>,
}

impl Checks<'_> {
    fn fail(&mut self, key: KeyPath, message: impl Into<String>, hint: Option<&str>) {
        let origin = self.root.origin_of(&key);
        self.problems.push(Problem { origin, key, message: message.into(), hint: hint.map(str::to_owned) });
    }

    fn require(&mut self, holds: bool, key: KeyPath, message: &str) {
        if !holds {
            self.fail(key, message, None);
        }
    }

    /// A URL that is called over HTTP; an empty one is the caller's matter.
    fn url(&mut self, url: &str, key: KeyPath) {
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        let sound =
            host.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) && !url.contains(char::is_whitespace);
        if !sound {
            self.fail(key, format!("{url:?} is not a URL that starts with http:// or https://"), None);
        }
    }
}

fn server(config: &Config, checks: &mut Checks<'_>) {
    let server = KeyPath::of(&["server"]);
    checks.url(&config.server.public_url, server.key("public_url"));
    checks.require(config.server.workers <= 1024, server.key("workers"), "is more than 1024");
    checks.require(
        !config.server.shutdown.is_zero(),
        server.key("shutdown_seconds"),
        "must be more than 0, so that connections can be told",
    );
}

fn storage(config: &Config, checks: &mut Checks<'_>) {
    let store = KeyPath::of(&["store"]);
    if config.store.kind == StoreKind::Scylla && config.store.contact_points.is_empty() {
        checks.fail(store.key("contact_points"), "is needed with kind = \"scylla\"", None);
    }
    checks.require(
        config.store.is_consistent(),
        store.key("consistency"),
        "could miss what was acknowledged: LOCAL_QUORUM, QUORUM, EACH_QUORUM and ALL do not",
    );
    checks.require(
        config.store.tls_certificate.as_os_str().is_empty() == config.store.tls_private_key.as_os_str().is_empty(),
        store.key("tls_private_key"),
        "and tls_certificate belong together",
    );
    checks.require(config.store.replication_factor > 0, store.key("replication_factor"), "must be at least 1");
    checks.require(!config.store.path.as_os_str().is_empty(), store.key("path"), "is empty");
    if config.cluster.is_some() && config.store.kind != StoreKind::Scylla {
        let hint = Some("set store.kind = \"scylla\"");
        checks.fail(KeyPath::of(&["cluster"]), "several nodes need a store that they share", hint);
    }
}

fn limits(config: &Config, checks: &mut Checks<'_>) {
    let limits = KeyPath::of(&["limits"]);
    for (key, bound) in config.limits.positive() {
        checks.require(bound > 0, limits.key(key), "must be at least 1");
    }
    let queue = config.limits.connection_queue_bytes_max;
    if queue < config.limits.frame_bytes_max {
        let message =
            format!("is less than frame_bytes_max ({}): one frame would not fit", config.limits.frame_bytes_max);
        checks.fail(limits.key("connection_queue_bytes_max"), message, None);
    }
}

fn other_plugins(config: &Config, checks: &mut Checks<'_>) {
    let socketio = KeyPath::of(&["plugins", "socketio"]);
    let path = &config.plugins.socketio.path;
    checks.require(
        path.starts_with('/') && path.ends_with('/'),
        socketio.key("path"),
        "must start and end with a slash",
    );
    checks.require(
        config.plugins.socketio.ping_interval_ms > 0,
        socketio.key("ping_interval_ms"),
        "must be at least 1",
    );
    let users = KeyPath::of(&["plugins", "connectnow", "users"]);
    for (index, user) in config.plugins.connectnow.users.iter().enumerate() {
        let before = config.plugins.connectnow.users.iter().take(index);
        let known = before.clone().any(|other| other.email.eq_ignore_ascii_case(&user.email));
        checks.require(!known, users.index(index).key("email"), "is the email of another user");
        checks.require(!user.api_token.is_empty(), users.index(index).key("api_token"), "is empty");
        let token_known = before.clone().any(|other| other.api_token == user.api_token);
        checks.require(!token_known, users.index(index).key("api_token"), "is the token of another user");
    }
}
