//! A tenant's key set behind a URL (RFC 7517): kept in memory, fetched when a token needs it.
//!
//! The set is read again when a token names a key that is not in it, or when it is old; never more often than the
//! shortest interval, however many tokens ask. When the endpoint fails, the last good set stays in use.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use parking_lot::RwLock;

use super::errors::{InvalidReason, TokenError};
use super::fetch::fetch;
use super::keys::{Key, RSA_BYTES_MIN, standard};
use super::token::Parts;
use crate::config::Tenant;

/// Most keys of a set; further ones are ignored.
const KEYS_MAX: usize = 64;

/// When a set is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    /// Shortest time between two reads, also after a failure.
    pub(super) interval_min: Duration,
    /// Age at which a set is read again although it has the key.
    pub(super) age_max: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { interval_min: Duration::from_secs(10), age_max: Duration::from_secs(600) }
    }
}

/// The keys of one URL.
#[derive(Debug)]
pub(super) struct KeySet {
    url: String,
    algorithms: Vec<Algorithm>,
    schedule: Schedule,
    known: RwLock<Known>,
    /// Held while the set is read, so that it is read once for all who wait.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default, Clone)]
struct Known {
    keys: Arc<HashMap<String, Vec<Key>>>,
    read_at: Option<Instant>,
    tried_at: Option<Instant>,
    last_failed: bool,
}

impl KeySet {
    /// The set of a tenant, if its configuration names one.
    pub(super) fn of(tenant: &Tenant, schedule: Schedule) -> Option<Arc<Self>> {
        let asymmetric =
            |algorithm: &Algorithm| !matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512);
        let listed: Vec<Algorithm> =
            tenant.token_algorithms.iter().map(|name| standard(*name)).filter(asymmetric).collect();
        let natural = vec![Algorithm::RS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA];
        let algorithms = if tenant.token_algorithms.is_empty() { natural } else { listed };
        (!tenant.jwks_url.is_empty()).then(|| {
            let url = tenant.jwks_url.clone();
            Arc::new(Self { url, algorithms, schedule, known: RwLock::default(), reading: tokio::sync::Mutex::new(()) })
        })
    }

    /// Whether the set may verify tokens of an algorithm.
    pub(super) fn accepts(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Verifies with what is known; `None` when the set should be read first.
    pub(super) fn verify_known(
        &self,
        kid: &str,
        parts: &Parts<'_>,
        algorithm: Algorithm,
    ) -> Option<Result<(), TokenError>> {
        let known = self.known.read().clone();
        if self.due(&known, kid) { None } else { Some(known.verify(kid, parts, algorithm)) }
    }

    /// Reads the set if that is still called for, then verifies.
    pub(super) async fn verify_after_reading(
        &self,
        kid: &str,
        parts: &Parts<'_>,
        algorithm: Algorithm,
    ) -> Result<(), TokenError> {
        {
            let _reading = self.reading.lock().await;
            // Whoever held the lock before may have read what is needed.
            let known = self.known.read().clone();
            if self.due(&known, kid) {
                self.read().await;
            }
        }
        let known = self.known.read().clone();
        known.verify(kid, parts, algorithm)
    }

    fn due(&self, known: &Known, kid: &str) -> bool {
        let rested = known.tried_at.is_none_or(|at| at.elapsed() >= self.schedule.interval_min);
        let old = known.read_at.is_none_or(|at| at.elapsed() >= self.schedule.age_max);
        rested && (old || !known.keys.contains_key(kid))
    }

    async fn read(&self) {
        let answer = fetch(&self.url).await;
        let mut known = self.known.write();
        known.tried_at = Some(Instant::now());
        known.last_failed = answer.is_err();
        match answer {
            Ok(set) => {
                known.read_at = known.tried_at;
                known.keys = Arc::new(self.usable_keys(&set));
            }
            Err(error) => tracing::warn!(url = %self.url, %error, "key set not read, keeping the last one"),
        }
    }

    fn usable_keys(&self, set: &[Jwk]) -> HashMap<String, Vec<Key>> {
        let mut keys: HashMap<String, Vec<Key>> = HashMap::new();
        for jwk in set.iter().take(KEYS_MAX) {
            if let (Some(kid), Some(key)) = (&jwk.common.key_id, self.usable(jwk)) {
                keys.entry(kid.clone()).or_default().push(key);
            }
        }
        keys
    }

    /// A key of the set as one of ours, if it is for signatures and the tenant accepts an algorithm of its kind.
    fn usable(&self, jwk: &Jwk) -> Option<Key> {
        if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
            return None;
        }
        let kind = kind_of(jwk)?;
        let named = jwk.common.key_algorithm.map(|name| name.to_string());
        let fits = |algorithm: &Algorithm| {
            kind.contains(algorithm) && named.as_ref().is_none_or(|name| *name == format!("{algorithm:?}"))
        };
        let algorithms: Vec<Algorithm> = self.algorithms.iter().copied().filter(fits).collect();
        let key = DecodingKey::from_jwk(jwk).ok()?;
        (!algorithms.is_empty()).then_some(Key { key, algorithms, until: None })
    }
}

impl Known {
    fn verify(&self, kid: &str, parts: &Parts<'_>, algorithm: Algorithm) -> Result<(), TokenError> {
        match self.keys.get(kid) {
            Some(keys) if keys.iter().any(|key| key.signed(parts, algorithm)) => Ok(()),
            Some(_) => Err(TokenError::Invalid(InvalidReason::Signature)),
            None if self.last_failed => Err(TokenError::KeysUnavailable),
            None => Err(TokenError::Invalid(InvalidReason::KeyUnknown)),
        }
    }
}

/// The algorithms of a key's kind, once its parts have the lengths that the verification takes for granted.
fn kind_of(jwk: &Jwk) -> Option<&'static [Algorithm]> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let length = |text: &str| URL_SAFE_NO_PAD.decode(text).map_or(0, |bytes| bytes.len());
    match &jwk.algorithm {
        AlgorithmParameters::RSA(key) if length(&key.n) >= RSA_BYTES_MIN => {
            Some(&[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512])
        }
        AlgorithmParameters::EllipticCurve(key) => match (&key.curve, length(&key.x), length(&key.y)) {
            (EllipticCurve::P256, 32, 32) => Some(&[Algorithm::ES256]),
            (EllipticCurve::P384, 48, 48) => Some(&[Algorithm::ES384]),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 && length(&key.x) == 32 => {
            Some(&[Algorithm::EdDSA])
        }
        // A symmetric key in a public set would let anybody sign.
        _ => None,
    }
}
