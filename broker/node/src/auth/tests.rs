//! Tokens good and bad, for every algorithm and every claim.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::config::{Secret, Tenant, TokenAlgorithm};

mod algorithms;
mod claims;
mod forgery;
mod key_sets;
mod tenants;

/// The secret of the tenant `demo`.
const SECRET: &str = "demo-secret-demo-secret-demo-secret";

/// What every test takes for the present.
const NOW: u64 = 1_800_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn tenant(id: &str, secret: &str) -> Tenant {
    Tenant { id: id.to_owned(), token_secret: Secret::new(secret), ..Tenant::default() }
}

fn demo() -> TokenVerifier {
    TokenVerifier::new(&tenant("demo", SECRET)).unwrap()
}

fn token(claims: &Value) -> String {
    sign_hs256(claims, SECRET).unwrap()
}

/// The outcome of a verification that needs no network.
fn done<T>(verified: Verified<T>) -> Result<T, TokenError> {
    match verified {
        Verified::Done(result) => result,
        Verified::Pending(_) => panic!("needs keys"),
    }
}

fn connect(verifier: &TokenVerifier, token: &str) -> Result<ConnectionClaims, TokenError> {
    done(verifier.verify_connection(token, at(NOW)))
}

fn invalid(reason: InvalidReason) -> Option<TokenError> {
    Some(TokenError::Invalid(reason))
}

fn signed(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey, claims: &Value) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

fn rsa_key() -> EncodingKey {
    EncodingKey::from_rsa_pem(include_bytes!("fixtures/rsa.pem")).unwrap()
}

fn p256_key() -> EncodingKey {
    EncodingKey::from_ec_pem(include_bytes!("fixtures/p256.pem")).unwrap()
}

fn p384_key() -> EncodingKey {
    EncodingKey::from_ec_pem(include_bytes!("fixtures/p384.pem")).unwrap()
}

fn ed25519_key() -> EncodingKey {
    EncodingKey::from_ed_pem(include_bytes!("fixtures/ed25519.pem")).unwrap()
}
