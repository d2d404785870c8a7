//! What is read from the configuration's files.

use std::path::Path;

use jsonwebtoken::EncodingKey;
use serde::Deserialize;
use thiserror::Error;

use crate::guard::ClientError;

/// Largest file of a key.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Why there is no push.
#[derive(Debug, Error)]
pub enum PushConfigError {
    /// A file cannot be read or used.
    #[error("push: {file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No client for HTTP.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What FCM's service account file says.
#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    pub(super) project_id: String,
    pub(super) client_email: String,
    #[serde(default)]
    pub(super) private_key_id: String,
    private_key: String,
    #[serde(default = "google_tokens")]
    pub(super) token_uri: String,
}

fn google_tokens() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

fn wrong(file: &Path, reason: impl ToString) -> PushConfigError {
    PushConfigError::File { file: file.display().to_string(), reason: reason.to_string() }
}

fn read(file: &Path) -> Result<Vec<u8>, PushConfigError> {
    let length = std::fs::metadata(file).map_err(|error| wrong(file, error))?.len();
    if length > FILE_BYTES_MAX {
        return Err(wrong(file, format_args!("larger than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read(file).map_err(|error| wrong(file, error))
}

/// A service account and its key.
pub(super) fn service_account(file: &Path) -> Result<(ServiceAccount, EncodingKey), PushConfigError> {
    let account: ServiceAccount = serde_json::from_slice(&read(file)?).map_err(|error| wrong(file, error))?;
    let key = EncodingKey::from_rsa_pem(account.private_key.as_bytes()).map_err(|error| wrong(file, error))?;
    Ok((account, key))
}

/// The key of a `.p8` file.
pub(super) fn signing_key(file: &Path) -> Result<EncodingKey, PushConfigError> {
    EncodingKey::from_ec_pem(&read(file)?).map_err(|error| wrong(file, error))
}
