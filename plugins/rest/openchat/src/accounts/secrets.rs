//! Tokens: random texts, and the hash that a token is known by.

use natter_rest::{Rejection, random_text, sha256_hex};

/// Characters of a token.
pub(super) const TOKEN_CHARACTERS: usize = 100;

/// A new token.
pub(super) fn token() -> Result<String, Rejection> {
    random_text(TOKEN_CHARACTERS)
}

/// The hash of a token, if it can be one at all.
pub(super) fn hash(token: &str) -> Option<String> {
    let is_token = token.len() == TOKEN_CHARACTERS && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_token.then(|| sha256_hex(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_hundred_letters_and_digits() {
        let token = token().unwrap();
        assert!(token.len() == 100 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(token, super::token().unwrap());
        assert_eq!(hash(&token).unwrap().len(), 64);
        assert_eq!(hash(&token[1..]), None);
        assert_eq!(hash(&"ü".repeat(50)), None);
    }
}
