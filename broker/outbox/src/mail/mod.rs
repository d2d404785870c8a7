//! Mails: what is told to people who have no connection.
//!
//! A mail goes out through the operator's SMTP server, or into a folder as an `.eml` file where there is none. It is sent
//! at least once: a repeat has the same `Message-ID` and `Date`, so a mail program shows it once.

mod compose;
mod deliverer;
mod folder;
mod message;
mod smtp;

#[cfg(test)]
mod tests;

pub use deliverer::{MailConfigError, MailDeliverer};
pub use message::Mail;
