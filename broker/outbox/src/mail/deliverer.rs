//! Sends the mails of the queue.

use async_trait::async_trait;
use lettre::message::Mailbox;
use metrics::counter;
use natter_node::config;
use thiserror::Error;

use super::compose::compose;
use super::folder::Folder;
use super::message::Mail;
use super::smtp::Smtp;
use crate::queue::{Deliverer, Delivery, Outcome};

/// Why no mail can be sent with a configuration. No variant shows the password of the URL.
#[derive(Debug, Error)]
pub enum MailConfigError {
    /// `mail.from` is no address.
    #[error("mail.from {from:?} is no address such as natter@example.com or Natter <natter@example.com>")]
    From {
        /// What is configured.
        from: String,
    },
    /// `mail.smtp_url` is no URL of a mail server.
    #[error("mail.smtp_url is no URL such as smtps://user:password@host or smtp://host:587?tls=required")]
    SmtpUrl,
}

/// The deliverer of [`JobKind::Mail`](crate::JobKind::Mail).
pub struct MailDeliverer {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(Smtp),
    Folder(Folder),
}

impl MailDeliverer {
    /// Sends as `[mail]` says: through `smtp_url`, or into `outbox`. To be called on a runtime.
    ///
    /// # Errors
    /// The sender's address or the server's URL is none.
    pub fn from_config(mail: &config::Mail) -> Result<Self, MailConfigError> {
        let from = mail.from.parse().map_err(|_| MailConfigError::From { from: mail.from.clone() })?;
        let way = match mail.smtp_url.as_ref().filter(|url| !url.is_empty()) {
            Some(url) => Way::Smtp(Smtp::new(url.reveal()).map_err(|_| MailConfigError::SmtpUrl)?),
            None => Way::Folder(Folder::new(mail.outbox.clone())),
        };
        Ok(Self { from, way })
    }

    async fn attempt(&self, delivery: &Delivery) -> Outcome {
        let mail: Mail = match serde_json::from_slice(&delivery.payload) {
            Ok(mail) => mail,
            Err(error) => return Outcome::dead(format_args!("the mail cannot be read: {error}")),
        };
        let message = match compose(&mail, &self.from, delivery) {
            Ok(message) => message,
            Err(error) => return Outcome::dead(error),
        };
        match &self.way {
            Way::Smtp(smtp) => smtp.send(message).await,
            Way::Folder(folder) => folder.put(delivery.id, message.formatted()).await,
        }
    }
}

#[async_trait]
impl Deliverer for MailDeliverer {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let outcome = self.attempt(delivery).await;
        let result = match &outcome {
            Outcome::Done => "ok",
            Outcome::Retry { .. } => "retry",
            Outcome::Dead { .. } => "dead",
        };
        counter!("natter_mail_attempts_total", "result" => result).increment(1);
        outcome
    }
}
