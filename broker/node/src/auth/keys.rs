//! A tenant's own keys. Each is bound to the algorithms that may use it, so that a public key can never serve as an HMAC
//! secret and a token cannot choose.

use jsonwebtoken::{Algorithm, DecodingKey};

use super::errors::KeyError;
use super::token::Parts;
use crate::config::{Tenant, TokenAlgorithm};

/// Shortest RSA modulus in bytes: 2048 bits (RFC 7518, section 3.3).
pub(super) const RSA_BYTES_MIN: usize = 256;

/// A key, what it may verify, and until when.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) key: DecodingKey,
    pub(super) algorithms: Vec<Algorithm>,
    /// Unix seconds after which it no longer counts.
    pub(super) until: Option<u64>,
}

impl Key {
    /// Whether the key made a signature.
    pub(super) fn signed(&self, parts: &Parts<'_>, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
            && jsonwebtoken::crypto::verify(parts.signature, parts.signed.as_bytes(), &self.key, algorithm)
                .unwrap_or(false)
    }
}

/// Collects the keys that a tenant's configuration names.
///
/// # Errors
/// A key that is not a public key of its kind.
pub(super) fn local_keys(tenant: &Tenant) -> Result<Vec<Key>, KeyError> {
    let mut keys = Vec::new();
    if !tenant.token_secret.is_empty() {
        keys.push(hmac(tenant, tenant.token_secret.reveal(), None));
    }
    if !tenant.previous_token_secret.is_empty() {
        let until = Some(tenant.previous_token_secret_until).filter(|until| *until > 0);
        keys.push(hmac(tenant, tenant.previous_token_secret.reveal(), until));
    }
    let public: [(&'static str, &str, ReadPem); 3] = [
        ("rsa_public_key", &tenant.rsa_public_key, rsa),
        ("ecdsa_public_key", &tenant.ecdsa_public_key, ecdsa),
        ("ed25519_public_key", &tenant.ed25519_public_key, ed25519),
    ];
    for (name, text, read) in public.into_iter().filter(|(_, text, _)| !text.is_empty()) {
        let wrong = |message: String| KeyError { tenant: tenant.id.clone(), key: name, message };
        let pem = pem_text(text).map_err(wrong)?;
        let (key, natural) =
            read(pem.as_bytes()).ok_or_else(|| wrong("is not a usable public key of this kind in PEM".to_owned()))?;
        keys.push(Key { key, algorithms: allowed(tenant, natural), until: None });
    }
    Ok(keys)
}

/// The algorithms a kind of key can serve, the one it serves unasked first.
type Natural = &'static [Algorithm];

/// Reads one kind of public key.
type ReadPem = fn(&[u8]) -> Option<(DecodingKey, Natural)>;

/// What a key may verify: its natural algorithm, or what the tenant lists among those it can do.
pub(super) fn allowed(tenant: &Tenant, natural: &[Algorithm]) -> Vec<Algorithm> {
    if tenant.token_algorithms.is_empty() {
        return natural.first().copied().into_iter().collect();
    }
    tenant.token_algorithms.iter().map(|name| standard(*name)).filter(|algorithm| natural.contains(algorithm)).collect()
}

fn hmac(tenant: &Tenant, secret: &str, until: Option<u64>) -> Key {
    let natural = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    Key { key: DecodingKey::from_secret(secret.as_bytes()), algorithms: allowed(tenant, &natural), until }
}

fn rsa(pem: &[u8]) -> Option<(DecodingKey, Natural)> {
    let key = DecodingKey::from_rsa_pem(pem).ok()?;
    let long_enough = key.try_get_as_bytes().ok()?.len() > RSA_BYTES_MIN;
    long_enough.then_some((key, &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512]))
}

fn ecdsa(pem: &[u8]) -> Option<(DecodingKey, Natural)> {
    let key = DecodingKey::from_ec_pem(pem).ok()?;
    let natural: Natural = match key.try_get_as_bytes().ok()?.len() {
        65 => &[Algorithm::ES256],
        97 => &[Algorithm::ES384],
        _ => return None,
    };
    Some((key, natural))
}

fn ed25519(pem: &[u8]) -> Option<(DecodingKey, Natural)> {
    let key = DecodingKey::from_ed_pem(pem).ok()?;
    let sound = key.try_get_as_bytes().ok()?.len() == 32;
    sound.then_some((key, &[Algorithm::EdDSA]))
}

/// The PEM text itself, or that of the file it names. A private key has no place in a verifier's configuration.
fn pem_text(text: &str) -> Result<String, String> {
    let pem = if text.trim_start().starts_with("-----BEGIN") {
        text.to_owned()
    } else {
        std::fs::read_to_string(text)
            .map_err(|error| format!("{text:?} is neither PEM text nor a readable file: {error}"))?
    };
    if pem.contains("PRIVATE KEY") { Err("is a private key; give the public one".to_owned()) } else { Ok(pem) }
}

pub(super) fn standard(name: TokenAlgorithm) -> Algorithm {
    match name {
        TokenAlgorithm::HS256 => Algorithm::HS256,
        TokenAlgorithm::HS384 => Algorithm::HS384,
        TokenAlgorithm::HS512 => Algorithm::HS512,
        TokenAlgorithm::RS256 => Algorithm::RS256,
        TokenAlgorithm::RS384 => Algorithm::RS384,
        TokenAlgorithm::RS512 => Algorithm::RS512,
        TokenAlgorithm::ES256 => Algorithm::ES256,
        TokenAlgorithm::ES384 => Algorithm::ES384,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}
