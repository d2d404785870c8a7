//! Each algorithm verifies its own tokens, and no other key's.

use super::*;

/// A tenant with every kind of key, and the algorithms given.
fn everything(algorithms: &[TokenAlgorithm]) -> Tenant {
    Tenant {
        rsa_public_key: include_str!("../fixtures/rsa.pub.pem").to_owned(),
        ecdsa_public_key: include_str!("../fixtures/p256.pub.pem").to_owned(),
        ed25519_public_key: include_str!("../fixtures/ed25519.pub.pem").to_owned(),
        token_algorithms: algorithms.to_vec(),
        ..tenant("demo", SECRET)
    }
}

fn key_of(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => rsa_key(),
        Algorithm::ES256 => p256_key(),
        Algorithm::ES384 => p384_key(),
        Algorithm::EdDSA => ed25519_key(),
        _ => EncodingKey::from_secret(SECRET.as_bytes()),
    }
}

const PAIRS: [(TokenAlgorithm, Algorithm); 9] = [
    (TokenAlgorithm::HS256, Algorithm::HS256),
    (TokenAlgorithm::HS384, Algorithm::HS384),
    (TokenAlgorithm::HS512, Algorithm::HS512),
    (TokenAlgorithm::RS256, Algorithm::RS256),
    (TokenAlgorithm::RS384, Algorithm::RS384),
    (TokenAlgorithm::RS512, Algorithm::RS512),
    (TokenAlgorithm::ES256, Algorithm::ES256),
    (TokenAlgorithm::ES384, Algorithm::ES384),
    (TokenAlgorithm::EdDsa, Algorithm::EdDSA),
];

#[test]
fn only_the_listed_algorithm_passes() {
    for (listed, own) in PAIRS {
        let mut tenant = everything(&[listed]);
        if own == Algorithm::ES384 {
            include_str!("../fixtures/p384.pub.pem").clone_into(&mut tenant.ecdsa_public_key);
        }
        let verifier = TokenVerifier::new(&tenant).unwrap();
        for (_, algorithm) in PAIRS {
            let token = signed(algorithm, None, &key_of(algorithm), &json!({"sub": "ada"}));
            let result = connect(&verifier, &token);
            if algorithm == own {
                assert_eq!(result.unwrap().user, "ada", "{algorithm:?}");
            } else {
                assert_eq!(result.err(), invalid(InvalidReason::Algorithm), "{listed:?} {algorithm:?}");
            }
        }
    }
}

#[test]
fn each_key_has_a_natural_algorithm() {
    let verifier = TokenVerifier::new(&everything(&[])).unwrap();
    let passing = PAIRS.iter().filter(|(_, algorithm)| {
        connect(&verifier, &signed(*algorithm, None, &key_of(*algorithm), &json!({"sub": "ada"}))).is_ok()
    });
    let passing: Vec<Algorithm> = passing.map(|(_, algorithm)| *algorithm).collect();
    assert_eq!(passing, [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA]);
}

#[test]
fn another_key_of_the_kind_does_not_pass() {
    let verifier = TokenVerifier::new(&everything(&[])).unwrap();
    let other = EncodingKey::from_ed_pem(include_bytes!("../fixtures/ed25519-other.pem")).unwrap();
    let token = signed(Algorithm::EdDSA, None, &other, &json!({"sub": "ada"}));
    assert_eq!(connect(&verifier, &token).err(), invalid(InvalidReason::Signature));
    let token = sign_hs256(&json!({"sub": "ada"}), "another-secret-another-secret-another").unwrap();
    assert_eq!(connect(&verifier, &token).err(), invalid(InvalidReason::Signature));
}

#[test]
fn the_previous_secret_counts_until_its_time() {
    let previous = "previous-secret-previous-secret-previous";
    let mut tenant = tenant("demo", SECRET);
    tenant.previous_token_secret = Secret::new(previous);
    let token = sign_hs256(&json!({"sub": "ada"}), previous).unwrap();
    for (until, passes) in [(0, true), (NOW, true), (NOW - 1, false)] {
        tenant.previous_token_secret_until = until;
        let result = connect(&TokenVerifier::new(&tenant).unwrap(), &token);
        assert_eq!(result.is_ok(), passes, "{until}");
    }
}

#[test]
fn unusable_keys_are_refused_by_name() {
    let cases: [(&str, &str, &str); 6] = [
        ("rsa", include_str!("../fixtures/rsa1024.pub.pem"), "is not a usable public key"),
        ("rsa", include_str!("../fixtures/p256.pub.pem"), "is not a usable public key"),
        ("rsa", include_str!("../fixtures/rsa.pem"), "is a private key"),
        ("rsa", "/nonexistent/key.pem", "neither PEM text nor a readable file"),
        ("ecdsa", include_str!("../fixtures/ed25519.pub.pem"), "is not a usable public key"),
        ("ed25519", include_str!("../fixtures/rsa.pub.pem"), "is not a usable public key"),
    ];
    for (kind, pem, message) in cases {
        let mut tenant = tenant("demo", SECRET);
        match kind {
            "rsa" => pem.clone_into(&mut tenant.rsa_public_key),
            "ecdsa" => pem.clone_into(&mut tenant.ecdsa_public_key),
            _ => pem.clone_into(&mut tenant.ed25519_public_key),
        }
        let error = TokenVerifier::new(&tenant).unwrap_err();
        assert_eq!(error.key, format!("{kind}_public_key"));
        assert!(error.message.contains(message), "{error}");
    }
}
