//! Makes the bytes of a mail (RFC 5322).
//!
//! Nothing that a stranger has written becomes a header of its own: addresses are parsed, the subject loses its control
//! characters, and the text is one part with its own encoding.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::{Address, address};
use thiserror::Error;

use super::message::Mail;
use crate::queue::Delivery;

/// Longest subject, in characters; a longer one is cut.
const SUBJECT_CHARS_MAX: usize = 200;

/// Why there is nothing to send.
#[derive(Debug, Error)]
pub(super) enum ComposeError {
    #[error("the recipient is no address: {0}")]
    Recipient(#[from] address::AddressError),
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
}

/// The mail of a job, the same at every attempt.
///
/// # Errors
/// The recipient's address is none.
pub(super) fn compose(mail: &Mail, from: &Mailbox, delivery: &Delivery) -> Result<Message, ComposeError> {
    let recipient: Address = mail.to.parse()?;
    let created = Duration::from_millis(delivery.created_ms.unsigned_abs());
    // RFC 3834: nobody's holiday answers this.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, recipient))
        .subject(one_line(&mail.subject))
        .date(SystemTime::UNIX_EPOCH + created)
        .message_id(Some(format!("<{}@{}>", delivery.id, from.email.domain())))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .header(ContentType::TEXT_PLAIN)
        .body(mail.text.clone())?;
    Ok(message)
}

/// A text without line ends and other control characters.
fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.chars().take(SUBJECT_CHARS_MAX).map(plain).collect()
}
