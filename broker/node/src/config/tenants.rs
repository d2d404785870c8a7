//! `[[tenants]]`: who may use the node, and how their tokens are verified.

use serde::Deserialize;

use super::limits::TenantLimits;
use super::secret::Secret;

/// A signature algorithm of tokens (RFC 7518, RFC 8037). There is no "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[expect(missing_docs, reason = "the names are the standard's own")]
pub enum TokenAlgorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    ES256,
    ES384,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// One tenant. It owns users, channels, history, keys and limits; nothing crosses to another.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Its name: letters, digits, `-`, `_` and `.`, at most 64.
    pub id: String,
    /// Keys of its backends, for the HTTP API.
    #[serde(default)]
    pub api_keys: Vec<Secret>,
    /// HMAC secret of its tokens, at least 32 bytes; empty means that no HMAC token passes.
    #[serde(default)]
    pub token_secret: Secret,
    /// The secret before the present one, while tokens signed with it are still around.
    #[serde(default)]
    pub previous_token_secret: Secret,
    /// Unix seconds after which the previous secret is no longer accepted; 0 means no such time.
    #[serde(default)]
    pub previous_token_secret_until: u64,
    /// RSA public key: PEM text, or the path of a file with it.
    #[serde(default)]
    pub rsa_public_key: String,
    /// ECDSA public key on P-256 or P-384: PEM text, or the path of a file with it.
    #[serde(default)]
    pub ecdsa_public_key: String,
    /// Ed25519 public key: PEM text, or the path of a file with it.
    #[serde(default)]
    pub ed25519_public_key: String,
    /// URL of a JSON Web Key Set; a token chooses its key by `kid`.
    #[serde(default)]
    pub jwks_url: String,
    /// The only algorithms that pass. Empty: HS256 for the secret, the natural one of each public key.
    #[serde(default)]
    pub token_algorithms: Vec<TokenAlgorithm>,
    /// Refuse tokens that do not expire.
    #[serde(default)]
    pub require_exp: bool,
    /// What differs from the node's limits.
    #[serde(default)]
    pub limits: TenantLimits,
}

impl Tenant {
    /// The tenant of a node that is told nothing, for development on this machine.
    pub(super) fn demo() -> Self {
        Self {
            id: "demo".to_owned(),
            api_keys: vec![Secret::new("demo-api-key")],
            token_secret: Secret::new("demo-secret-demo-secret-demo-secret"),
            ..Self::default()
        }
    }

    /// Whether an API key is one of the tenant's.
    pub fn has_api_key(&self, offered: &str) -> bool {
        // Every key is compared, so that the time does not tell which one came close.
        self.api_keys.iter().fold(false, |found, key| key.matches(offered) | found)
    }
}
