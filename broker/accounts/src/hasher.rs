//! Passwords as they are stored (Argon2id, RFC 9106), and the place where they are hashed.
//!
//! Hashing costs memory and a thread for some tens of milliseconds. So many run at a time as there are cores, up to
//! [`AT_ONCE_MAX`]; [`WAITING_MAX`] more wait, and beyond that a caller is told that the node is busy. A caller that goes
//! away does not free its place before the hash is done.

use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::AccountError;
use crate::secrets::{hex, is_same, random};

/// Hashes that are made at a time, at most.
const AT_ONCE_MAX: usize = 4;
/// Passwords that wait for their turn.
const WAITING_MAX: usize = 256;
/// Memory in KiB, passes and lanes of a new hash.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Bytes of a password that is looked at; no account has a longer one.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// A password as it is stored: the parameters stand with it, so that new ones leave old hashes readable.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    hash: String,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Password {
    fn new(password: &str, salt: String) -> Result<Self, argon2::Error> {
        let unset = Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt, hash: String::new() };
        let hash = unset.hash_of(password)?;
        Ok(Self { hash, ..unset })
    }

    fn hash_of(&self, password: &str) -> Result<String, argon2::Error> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut hash = [0; HASH_BYTES];
        argon2.hash_password_into(password.as_bytes(), self.salt.as_bytes(), &mut hash)?;
        Ok(hex(&hash))
    }

    fn is(&self, password: &str) -> Result<bool, argon2::Error> {
        Ok(is_same(self.hash_of(password)?.as_bytes(), self.hash.as_bytes()))
    }
}

/// The password of nobody: what is compared where there is no account, so that it takes as long as elsewhere.
static NOBODYS: LazyLock<Password> = LazyLock::new(|| Password {
    memory_kib: MEMORY_KIB,
    passes: PASSES,
    lanes: LANES,
    salt: hex(&[0; SALT_BYTES]),
    hash: String::new(),
});

/// Hashes passwords beside the runtime's own threads. Cheap to clone.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        let at_once = available_parallelism().map_or(1, usize::from).min(AT_ONCE_MAX);
        Self { turns: Arc::new(Semaphore::new(at_once)), places: Arc::new(Semaphore::new(at_once + WAITING_MAX)) }
    }
}

impl Hasher {
    /// Hashes a new password.
    ///
    /// # Errors
    /// [`AccountError::Busy`].
    pub async fn hash(&self, password: &str) -> Result<Password, AccountError> {
        let salt = hex(&random::<SALT_BYTES>()?);
        let password = password.to_owned();
        self.work(move || Password::new(&password, salt)).await
    }

    /// Whether a password is the stored one. Without one to compare with it takes the same time, and is not.
    ///
    /// # Errors
    /// [`AccountError::Busy`].
    pub async fn verify(&self, password: &str, stored: Option<&Password>) -> Result<bool, AccountError> {
        let stored = stored.unwrap_or(&NOBODYS).clone();
        let is_possible = password.len() <= PASSWORD_BYTES_MAX;
        let password = if is_possible { password.to_owned() } else { String::new() };
        self.work(move || stored.is(&password)).await.map(|is_same| is_same && is_possible)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, argon2::Error> + Send + 'static,
    ) -> Result<T, AccountError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| AccountError::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| AccountError::Busy)?;
        let held: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, turn);
        let worked = tokio::task::spawn_blocking(move || {
            let _held = held;
            work()
        });
        match worked.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "a password cannot be hashed");
                Err(AccountError::Busy)
            }
            Err(error) => {
                tracing::error!(%error, "hashing a password has failed");
                Err(AccountError::Busy)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_told_from_others() {
        let hasher = Hasher::default();
        let stored = hasher.hash("correct horse").await.unwrap();
        let json = serde_json::to_string(&stored).unwrap();
        assert!(!json.contains("correct") && !format!("{stored:?}").contains(&stored.hash));
        let stored: Password = serde_json::from_str(&json).unwrap();
        assert!(hasher.verify("correct horse", Some(&stored)).await.unwrap());
        assert!(!hasher.verify("correct horsf", Some(&stored)).await.unwrap());
        assert!(!hasher.verify("", Some(&stored)).await.unwrap());
        assert!(!hasher.verify("correct horse", None).await.unwrap());
        assert!(!hasher.verify(&"x".repeat(2_000), None).await.unwrap());
        assert_ne!(stored, hasher.hash("correct horse").await.unwrap());
    }

    #[tokio::test]
    async fn those_that_find_no_place_are_told_so() {
        let hasher = Hasher { turns: Arc::new(Semaphore::new(0)), places: Arc::new(Semaphore::new(1)) };
        let waits = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.verify("a", None).await }
        });
        while hasher.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.verify("b", None).await, Err(AccountError::Busy));
        hasher.turns.add_permits(1);
        assert_eq!(waits.await.unwrap(), Ok(false));
        assert_eq!(hasher.verify("b", None).await, Ok(false));
    }
}
