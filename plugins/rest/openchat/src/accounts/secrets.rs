//! Tokens: random texts, and the hash that a token is known by.

use natter_rest::Rejection;
use sha2::{Digest, Sha256};

/// Characters of a token.
pub(super) const TOKEN_CHARACTERS: usize = 100;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Bytes below this are spread evenly over the alphabet.
const EVEN_BELOW: u8 = 248;
/// Draws for one text; each brings some 97 % of its bytes.
const DRAWS_MAX: usize = 16;

/// A new token.
pub(super) fn token() -> Result<String, Rejection> {
    random_text(TOKEN_CHARACTERS)
}

/// The hash of a token, if it can be one at all.
pub(super) fn hash(token: &str) -> Option<String> {
    let is_token = token.len() == TOKEN_CHARACTERS && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_token.then(|| Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn random_text(characters: usize) -> Result<String, Rejection> {
    let mut text = String::with_capacity(characters);
    for _ in 0..DRAWS_MAX {
        let mut bytes = [0; 128];
        getrandom::fill(&mut bytes).map_err(|error| Rejection::internal(&error))?;
        let even = bytes.iter().filter(|byte| **byte < EVEN_BELOW);
        let letters = even.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        text.extend(letters.take(characters - text.len()));
        if text.len() == characters {
            return Ok(text);
        }
    }
    Err(Rejection::internal(&"the system's randomness is poor"))
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
