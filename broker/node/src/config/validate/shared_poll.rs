//! Shared poll namespaces: a secret, a proxy, and nothing that only streams have.

use std::time::Duration;

use super::super::centrifugo::Centrifugo;
use super::super::errors::KeyPath;
use super::super::namespaces::{Namespace, SubscriptionType};
use super::super::shared_poll::SharedPollMode;
use super::Checks;
use super::centrifugo::known_proxy;

/// A backend is not asked more often about the same key.
const INTERVAL_MIN: Duration = Duration::from_millis(10);
/// Keys of one question.
const BATCH_MAX: usize = 10_000;
/// Keys of one connection in one channel.
const KEYS_MAX: usize = 100_000;

pub(super) fn check(settings: &Centrifugo, namespace: &Namespace, path: &KeyPath, checks: &mut Checks<'_>) {
    if namespace.subscription_type != SubscriptionType::SharedPoll {
        return;
    }
    let (own, options) = (path.key("shared_poll"), namespace.shared_poll.resolved());
    if settings.shared_poll.hmac_secret_key.is_empty() {
        let key = KeyPath::of(&["plugins", "centrifugo", "shared_poll", "hmac_secret_key"]);
        checks.fail(key, "is needed: a namespace has subscription_type = \"shared_poll\"", None);
    }
    let default = &settings.channel.proxy.shared_poll_refresh;
    known_proxy(settings, &options.proxy_name, default, own.key("proxy_name"), checks);
    checks.require(
        options.refresh_interval >= INTERVAL_MIN,
        own.key("refresh_interval"),
        "is less than 10ms, the shortest there is",
    );
    checks.require(options.refresh_batch_size <= BATCH_MAX, own.key("refresh_batch_size"), "is more than 10000");
    checks.require(
        options.max_keys_per_connection <= KEYS_MAX,
        own.key("max_keys_per_connection"),
        "is more than 100000",
    );
    checks.require(
        !options.publish_enabled || options.mode == SharedPollMode::Versioned,
        own.key("publish_enabled"),
        "needs mode = \"versioned\": what is published has a version",
    );
    let keeps = namespace.history_size > 0 || !namespace.history_ttl.is_zero();
    checks.require(!keeps, path.key("history_size"), "does not go with subscription_type = \"shared_poll\"");
}
