//! Random texts that open something, and the hashes that they are known by.

use std::hint::black_box;

use sha2::{Digest, Sha256};

use crate::error::AccountError;

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Characters of a secret: hexadecimal digits.
pub(crate) const SECRET_CHARACTERS: usize = 2 * SECRET_BYTES;

/// A new secret.
pub(crate) fn secret() -> Result<String, AccountError> {
    random::<SECRET_BYTES>().map(|bytes| hex(&bytes))
}

/// Random bytes from the system.
pub(crate) fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], AccountError> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system has no randomness");
        AccountError::Busy
    })?;
    Ok(bytes)
}

/// What a secret is stored as. A secret has 256 random bits, so that a plain hash says nothing about it.
pub(crate) fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Whether a secret is the one with this hash, in a time that does not tell how much of it is right.
pub(crate) fn is_secret(secret: &str, stored: &str) -> bool {
    is_same(hash(secret).as_bytes(), stored.as_bytes())
}

/// Compares in a time that depends on the lengths only.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && black_box(difference) == 0
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_hash_alone() {
        let secret = secret().unwrap();
        assert_eq!(secret.len(), SECRET_CHARACTERS);
        assert!(is_secret(&secret, &hash(&secret)));
        assert!(!is_secret(&secret, &hash(&super::secret().unwrap())));
        assert!(!is_secret(&secret, &secret) && !is_secret(&secret, ""));
    }
}
