//! Random texts that nobody can guess, and the hash that they are known by.

use sha2::{Digest, Sha256};

use crate::rejection::Rejection;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Bytes below this are spread evenly over the alphabet.
const EVEN_BELOW: u8 = 248;
/// Draws for one text; each brings some 124 characters.
const DRAWS_MAX: usize = 16;

/// So many random letters and digits, up to 1,000.
///
/// # Errors
/// The system has no randomness.
pub fn random_text(characters: usize) -> Result<String, Rejection> {
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

/// The SHA-256 of a text: 64 lower-case hex digits.
pub fn sha256_hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_long_as_asked_for_and_differ() {
        for characters in [0, 1, 60, 1_000] {
            let text = random_text(characters).unwrap();
            assert!(text.len() == characters && text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
        assert_ne!(random_text(20).unwrap(), random_text(20).unwrap());
    }

    #[test]
    fn the_hash_is_the_known_one() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex("abc"), expected);
    }
}
