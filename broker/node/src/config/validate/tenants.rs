//! Tenants: unique ids and keys, secrets that cannot be guessed, algorithms that a key exists for.

use super::super::errors::KeyPath;
use super::super::secret::Secret;
use super::super::tenants::{Tenant, TokenAlgorithm};
use super::super::tree::Config;
use super::Checks;
use crate::run_time_tenants::SELF_REGISTERED_PREFIX;

/// RFC 7518 section 3.2: an HS256 key is at least as long as its hash.
const SECRET_BYTES_MIN: usize = 32;

pub(super) fn check(config: &Config, checks: &mut Checks<'_>) {
    let list = KeyPath::of(&["tenants"]);
    checks.require(!config.tenants.is_empty(), list.clone(), "is empty: nobody could use the node");
    for (index, tenant) in config.tenants.iter().enumerate() {
        let path = list.index(index);
        id(config, index, tenant, &path, checks);
        api_keys(config, index, tenant, &path, checks);
        token_keys(tenant, &path, checks);
        algorithms(tenant, &path, checks);
    }
    plugin_tenants(config, checks);
}

fn id(config: &Config, index: usize, tenant: &Tenant, path: &KeyPath, checks: &mut Checks<'_>) {
    let id = &tenant.id;
    let key = path.key("id");
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > 64 || !id.chars().all(sound) {
        checks.fail(key, format!("{id:?} must be 1 to 64 letters, digits, '-', '_' or '.'"), None);
    } else if id.to_ascii_lowercase().starts_with(SELF_REGISTERED_PREFIX) {
        checks.fail(key, format!("{id:?} is reserved: Open Chat partners get such ids when they register"), None);
    } else if let Some(earlier) = config.tenants.iter().take(index).position(|other| other.id == *id) {
        checks.fail(key, format!("{id:?} is already the id of tenants[{earlier}]"), None);
    }
}

fn api_keys(config: &Config, index: usize, tenant: &Tenant, path: &KeyPath, checks: &mut Checks<'_>) {
    for (position, api_key) in tenant.api_keys.iter().enumerate() {
        let key = path.key("api_keys").index(position);
        if api_key.is_empty() {
            checks.fail(key, "is empty", None);
            continue;
        }
        let taken = config.tenants.iter().take(index).any(|other| other.api_keys.contains(api_key));
        checks.require(!taken, key, "is a key of another tenant too; a key must tell its tenant");
    }
}

fn token_keys(tenant: &Tenant, path: &KeyPath, checks: &mut Checks<'_>) {
    secret(&tenant.token_secret, path.key("token_secret"), checks);
    secret(&tenant.previous_token_secret, path.key("previous_token_secret"), checks);
    let previous_alone = tenant.token_secret.is_empty() && !tenant.previous_token_secret.is_empty();
    checks.require(!previous_alone, path.key("previous_token_secret"), "is set, but token_secret is not");
    if !tenant.jwks_url.is_empty() {
        checks.url(&tenant.jwks_url, path.key("jwks_url"));
    }
}

/// A secret that is not mentioned is no key; one that is mentioned and empty is a mistake.
fn secret(secret: &Secret, key: KeyPath, checks: &mut Checks<'_>) {
    let bytes = secret.reveal().len();
    if bytes == 0 && checks.root.has(&key) {
        checks.fail(key, "is empty", Some("leave the key out if the tenant has no such secret"));
    } else if (1..SECRET_BYTES_MIN).contains(&bytes) {
        checks.fail(key, format!("has {bytes} bytes; at least {SECRET_BYTES_MIN} are needed"), None);
    }
}

fn algorithms(tenant: &Tenant, path: &KeyPath, checks: &mut Checks<'_>) {
    for (position, algorithm) in tenant.token_algorithms.iter().enumerate() {
        let (own, name) = match algorithm {
            TokenAlgorithm::HS256 | TokenAlgorithm::HS384 | TokenAlgorithm::HS512 => {
                (!tenant.token_secret.is_empty(), "token_secret")
            }
            TokenAlgorithm::RS256 | TokenAlgorithm::RS384 | TokenAlgorithm::RS512 => {
                (!tenant.rsa_public_key.is_empty() || !tenant.jwks_url.is_empty(), "rsa_public_key or jwks_url")
            }
            TokenAlgorithm::ES256 | TokenAlgorithm::ES384 => {
                (!tenant.ecdsa_public_key.is_empty() || !tenant.jwks_url.is_empty(), "ecdsa_public_key or jwks_url")
            }
            TokenAlgorithm::EdDsa => {
                (!tenant.ed25519_public_key.is_empty() || !tenant.jwks_url.is_empty(), "ed25519_public_key or jwks_url")
            }
        };
        let key = path.key("token_algorithms").index(position);
        checks.require(own, key, &format!("has no key: set {name}"));
    }
}

fn plugin_tenants(config: &Config, checks: &mut Checks<'_>) {
    let plugins = &config.plugins;
    let named = [
        ("socketio", &plugins.socketio.tenant),
        ("centrifugo", &plugins.centrifugo.tenant),
        ("chatify", &plugins.chatify.tenant),
        ("campus", &plugins.campus.tenant),
        ("connectnow", &plugins.connectnow.tenant),
    ];
    for (plugin, tenant) in named {
        if config.tenant(tenant).is_none() && !config.tenants.is_empty() {
            let ids: Vec<&str> = config.tenants.iter().map(|tenant| tenant.id.as_str()).collect();
            let hint = format!("tenants are {}", ids.join(", "));
            let key = KeyPath::of(&["plugins", plugin, "tenant"]);
            checks.fail(key, format!("{tenant:?} is not a configured tenant"), Some(&hint));
        }
    }
}
