//! Connection tokens: given, signed here with the tenant's HS256 secret, or none (Centrifugo protocol, tokens).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;

/// How long a token that is signed here stays valid; longer than any run.
const VALID: Duration = Duration::from_secs(24 * 3600);

/// Where connections take their token from.
#[derive(Debug, Clone)]
pub enum Tokens {
    /// None: the server lets anonymous connections in.
    Anonymous,
    /// The same token for every connection.
    Fixed(String),
    /// Signed per user with this secret.
    Signed(String),
}

#[derive(Debug, Serialize)]
struct Claims<'a> {
    sub: &'a str,
    exp: u64,
}

impl Tokens {
    /// The token of `user`; empty for an anonymous connection.
    ///
    /// # Errors
    /// When signing fails.
    pub fn of(&self, user: &str) -> Result<String, jsonwebtoken::errors::Error> {
        match self {
            Self::Anonymous => Ok(String::new()),
            Self::Fixed(token) => Ok(token.clone()),
            Self::Signed(secret) => sign(user, secret),
        }
    }
}

fn sign(user: &str, secret: &str) -> Result<String, jsonwebtoken::errors::Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let claims = Claims { sub: user, exp: (now + VALID).as_secs() };
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};

    use super::*;

    #[test]
    fn signs_for_the_user_with_the_secret() {
        let token = Tokens::Signed("secret".into()).of("ada").unwrap();
        let read = |secret: &[u8]| {
            let key = DecodingKey::from_secret(secret);
            jsonwebtoken::decode::<serde_json::Value>(&token, &key, &Validation::new(Algorithm::HS256))
        };
        assert_eq!(read(b"secret").unwrap().claims["sub"], "ada");
        assert!(read(b"other").is_err());
    }
}
