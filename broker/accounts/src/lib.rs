//! Accounts with a password: who signs in with an email address is a user of the chat domain.
//!
//! An account is one row under its email address in lower case, so an address has one account whoever registers at the same
//! time. It names a user of the domain with 24 hexadecimal digits, who is seen through every API.
//!
//! Signing in opens a [session](sessions), which is the family of its refresh tokens: each is good once, and one that comes
//! again ends the session. Ending a session removes its row, which is read whenever its access tokens are shown, so that
//! they are void at once and stay so. Nothing that opens a session is stored but as a hash.
//!
//! Bounds: passwords that are hashed at a time and wait to be ([`Hasher`]), sessions of a user, failures that are remembered
//! ([`Throttle`]), one-time secrets of a user (one for each purpose) and tries to guess one.

mod account;
mod accounts;
mod check;
mod error;
mod hasher;
mod login;
mod one_time;
mod passwords;
mod register;
mod secrets;
mod session;
mod sessions;
#[cfg(test)]
mod tests;
mod throttle;

pub use account::Account;
pub use accounts::{Accounts, AccountsParts, Credentials, NewAccount, SessionWatch, SignedIn};
pub use error::AccountError;
pub use hasher::{Hasher, Password};
pub use passwords::Reset;
pub use session::Session;
pub use throttle::{Attempt, Throttle, ThrottleRules};
