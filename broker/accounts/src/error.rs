//! Why something was not done with an account.

use natter_chat::ChatError;
use thiserror::Error;

/// Why an account call was refused. Nothing of it has happened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccountError {
    /// A field cannot be taken.
    #[error("{field} {message}")]
    Invalid {
        /// The field: `name`, `email` or `password`.
        field: &'static str,
        /// What is wrong, as the end of a sentence that begins with the field.
        message: String,
    },
    /// The email address has an account.
    #[error("the email address is taken")]
    Taken,
    /// A wrong password, or no such account: nobody is told which.
    #[error("wrong email or password")]
    WrongPassword,
    /// A refresh token or a one-time secret that is not good, or not any more.
    #[error("the token is not good")]
    BadToken,
    /// Too many failures; even the right password has to wait.
    #[error("too many failures")]
    Throttled {
        /// Seconds until the next try can succeed, at least 1.
        retry_after_seconds: u64,
    },
    /// Too many passwords wait to be hashed, or the node fails at it.
    #[error("too much to do")]
    Busy,
    /// The domain or its store.
    #[error(transparent)]
    Chat(#[from] ChatError),
}

impl AccountError {
    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }
}
