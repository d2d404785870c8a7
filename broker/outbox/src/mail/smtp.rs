//! Sends through an SMTP server (RFC 5321), and says what its answers mean for a job.

use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::install_crypto;
use crate::queue::Outcome;

/// Longest wait for one answer of the server.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
/// Most connections that are kept open between mails.
const CONNECTIONS_MAX: u32 = 4;
const CONNECTION_IDLE_MAX: Duration = Duration::from_secs(60);
/// Answers about this node's own account (RFC 4954): no fault of the mail.
const ACCOUNT_CODES: [u16; 4] = [530, 534, 535, 538];

/// A mail server.
pub(super) struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

impl Smtp {
    /// Takes `smtp://` or `smtps://`, with user and password; `?tls=required` is STARTTLS.
    ///
    /// # Errors
    /// It is no such URL.
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        install_crypto();
        let pool = PoolConfig::new().max_size(CONNECTIONS_MAX).idle_timeout(CONNECTION_IDLE_MAX);
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?;
        Ok(Self(builder.timeout(Some(ANSWER_TIME_MAX)).pool_config(pool).build()))
    }

    /// Hands a mail over.
    pub(super) async fn send(&self, message: Message) -> Outcome {
        let is_ascii = message.envelope().to().iter().all(|to| AsRef::<str>::as_ref(to).is_ascii());
        match self.0.send(message).await {
            Ok(_) => Outcome::Done,
            Err(error) => outcome(&error, is_ascii),
        }
    }
}

/// What the server has refused for good is dead; what it does not take now, or could not be asked, is tried again.
fn outcome(error: &Error, is_ascii: bool) -> Outcome {
    let code = error.status().map(u16::from);
    match code {
        Some(code) if ACCOUNT_CODES.contains(&code) => {
            Outcome::retry(format_args!("the mail server refuses this node's account ({code})"))
        }
        Some(code) if error.is_permanent() => Outcome::dead(format_args!("the mail server answered {code}")),
        Some(code) => Outcome::retry(format_args!("the mail server answered {code}")),
        None if error.is_client() && !is_ascii => Outcome::dead("the mail server takes no such address"),
        None if error.is_tls() => Outcome::retry("no TLS with the mail server"),
        None if error.is_timeout() => Outcome::retry("the mail server does not answer"),
        None => Outcome::retry("no conversation with the mail server"),
    }
}
