//! Key sets behind a URL, against a stand-in on this machine.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::routing::get;
use jsonwebtoken::jwk::{CommonParameters, Jwk, PublicKeyUse};

use super::super::jwks::Schedule;
use super::*;

/// A server whose answer can be changed, and which counts.
struct StandIn {
    url: String,
    answer: Arc<Mutex<(StatusCode, String)>>,
    asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl StandIn {
    async fn start(keys: &[Value]) -> Self {
        let answer = Arc::new(Mutex::new((StatusCode::OK, json!({"keys": keys}).to_string())));
        let asked = Arc::new(AtomicUsize::new(0));
        let (shared, counter) = (Arc::clone(&answer), Arc::clone(&asked));
        let handler = move || {
            counter.fetch_add(1, Ordering::SeqCst);
            let answer = shared.lock().unwrap().clone();
            async move { answer }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/keys", get(handler));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, answer, asked, task }
    }

    fn set(&self, status: StatusCode, body: String) {
        *self.answer.lock().unwrap() = (status, body);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// A verifier of tokens of this set alone; it reads as often as it likes, or once only.
    fn verifier(&self, interval_min: Duration) -> TokenVerifier {
        let tenant = Tenant { jwks_url: self.url.clone(), ..tenant("demo", "") };
        let schedule = Schedule { interval_min, age_max: Duration::from_secs(600) };
        TokenVerifier::with_schedule(&tenant, schedule).unwrap()
    }
}

/// Longer than any test.
const ONCE: Duration = Duration::from_secs(3600);

fn jwk(kid: &str, key: &EncodingKey, algorithm: Algorithm) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
    jwk.common = CommonParameters { key_id: Some(kid.to_owned()), ..CommonParameters::default() };
    serde_json::to_value(jwk).unwrap()
}

fn all_keys() -> Vec<Value> {
    vec![
        json!({"kty": "strange", "kid": "unknown kind"}),
        jwk("rsa", &rsa_key(), Algorithm::RS256),
        jwk("p256", &p256_key(), Algorithm::ES256),
        jwk("p384", &p384_key(), Algorithm::ES384),
        jwk("ed", &ed25519_key(), Algorithm::EdDSA),
    ]
}

async fn verify(verifier: &TokenVerifier, token: &str) -> Result<String, TokenError> {
    verifier.verify_connection(token, at(NOW)).decided().await.map(|claims| claims.user)
}

fn ada(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey) -> String {
    signed(algorithm, kid, key, &json!({"sub": "ada"}))
}

#[tokio::test]
async fn keys_are_chosen_by_kid_and_read_once() {
    let server = StandIn::start(&all_keys()).await;
    let verifier = server.verifier(ONCE);
    let cases = [
        ("rsa", rsa_key(), Algorithm::RS256),
        ("p256", p256_key(), Algorithm::ES256),
        ("p384", p384_key(), Algorithm::ES384),
        ("ed", ed25519_key(), Algorithm::EdDSA),
    ];
    for (kid, key, algorithm) in &cases {
        assert_eq!(verify(&verifier, &ada(*algorithm, Some(kid), key)).await.as_deref(), Ok("ada"), "{kid}");
    }
    let known = ada(Algorithm::EdDSA, Some("ed"), &ed25519_key());
    assert!(
        matches!(verifier.verify_connection(&known, at(NOW)), Verified::Done(Ok(_))),
        "no waiting once it is known"
    );
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn wrong_kids_and_algorithms_do_not_pass() {
    let server = StandIn::start(&all_keys()).await;
    let verifier = server.verifier(ONCE);
    let hmac = EncodingKey::from_secret(SECRET.as_bytes());
    let cases = [
        (ada(Algorithm::EdDSA, None, &ed25519_key()), InvalidReason::KeyUnknown),
        (ada(Algorithm::EdDSA, Some("nobody"), &ed25519_key()), InvalidReason::KeyUnknown),
        (ada(Algorithm::EdDSA, Some("rsa"), &ed25519_key()), InvalidReason::Signature),
        (ada(Algorithm::ES256, Some("p384"), &p256_key()), InvalidReason::Signature),
        (ada(Algorithm::RS384, Some("rsa"), &rsa_key()), InvalidReason::Algorithm),
        (ada(Algorithm::HS256, Some("rsa"), &hmac), InvalidReason::Algorithm),
    ];
    for (token, reason) in cases {
        assert_eq!(verify(&verifier, &token).await.err(), invalid(reason), "{token}");
    }
    assert_eq!(server.asked(), 1, "unknown key ids do not make more requests than the interval allows");
}

#[tokio::test]
async fn unfit_keys_of_a_set_are_ignored() {
    let mut encryption = Jwk::from_encoding_key(&ed25519_key(), Algorithm::EdDSA).unwrap();
    encryption.common.key_id = Some("enc".to_owned());
    encryption.common.public_key_use = Some(PublicKeyUse::Encryption);
    let server = StandIn::start(&[
        json!({"kty": "oct", "kid": "oct", "k": "ZGVtby1zZWNyZXQtZGVtby1zZWNyZXQtZGVtby1zZWNyZXQ"}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "short", "x": "AAAA"}),
        json!({"kty": "EC", "crv": "P-256", "kid": "short-ec", "x": "AAAA", "y": "AAAA"}),
        json!({"kty": "RSA", "kid": "short-rsa", "n": "AAAA", "e": "AQAB"}),
        serde_json::to_value(encryption).unwrap(),
    ])
    .await;
    let verifier = server.verifier(ONCE);
    let tokens = [
        ada(Algorithm::EdDSA, Some("oct"), &ed25519_key()),
        ada(Algorithm::EdDSA, Some("short"), &ed25519_key()),
        ada(Algorithm::ES256, Some("short-ec"), &p256_key()),
        ada(Algorithm::RS256, Some("short-rsa"), &rsa_key()),
        ada(Algorithm::EdDSA, Some("enc"), &ed25519_key()),
    ];
    for token in tokens {
        assert_eq!(verify(&verifier, &token).await.err(), invalid(InvalidReason::KeyUnknown));
    }
}

#[tokio::test]
async fn a_new_key_is_found_and_the_last_good_set_is_kept() {
    let server = StandIn::start(&[jwk("rsa", &rsa_key(), Algorithm::RS256)]).await;
    let verifier = server.verifier(Duration::ZERO);
    let (old, new) =
        (ada(Algorithm::RS256, Some("rsa"), &rsa_key()), ada(Algorithm::EdDSA, Some("ed"), &ed25519_key()));
    assert_eq!(verify(&verifier, &old).await.as_deref(), Ok("ada"));
    assert_eq!(verify(&verifier, &new).await.err(), invalid(InvalidReason::KeyUnknown));
    server.set(StatusCode::OK, json!({"keys": all_keys()}).to_string());
    assert_eq!(verify(&verifier, &new).await.as_deref(), Ok("ada"));

    server.set(StatusCode::INTERNAL_SERVER_ERROR, String::new());
    let unknown = ada(Algorithm::EdDSA, Some("later"), &ed25519_key());
    assert_eq!(verify(&verifier, &unknown).await.err(), Some(TokenError::KeysUnavailable));
    assert_eq!(verify(&verifier, &old).await.as_deref(), Ok("ada"));
}

#[tokio::test]
async fn bad_answers_are_no_keys() {
    let server = StandIn::start(&[]).await;
    let token = ada(Algorithm::EdDSA, Some("ed"), &ed25519_key());
    let large = json!({"keys": all_keys(), "padding": "x".repeat(256 * 1024)}).to_string();
    let answers = [
        (StatusCode::NOT_FOUND, json!({"keys": all_keys()}).to_string()),
        (StatusCode::OK, large),
        (StatusCode::OK, "[".to_owned()),
        (StatusCode::OK, "{}".to_owned()),
    ];
    for (status, body) in answers {
        server.set(status, body);
        let verifier = server.verifier(ONCE);
        assert_eq!(verify(&verifier, &token).await.err(), Some(TokenError::KeysUnavailable));
    }
}

#[tokio::test]
async fn many_waiters_read_once() {
    let server = StandIn::start(&all_keys()).await;
    let verifier = Arc::new(server.verifier(ONCE));
    let token = ada(Algorithm::EdDSA, Some("ed"), &ed25519_key());
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (verifier, token) = (Arc::clone(&verifier), token.clone());
            tokio::spawn(async move { verify(&verifier, &token).await })
        })
        .collect();
    for waiter in waiting {
        assert_eq!(waiter.await.unwrap().as_deref(), Ok("ada"));
    }
    assert_eq!(server.asked(), 1);
}
