//! What is mailed: a code.

use natter_core::EntityId;
use natter_outbox::mail::Mail;

use crate::connect_now::ConnectNow;
use crate::errors::ApiError;

impl ConnectNow {
    /// Queues the mail with a code; it is sent when this has returned, or later.
    pub(crate) async fn mail_code(&self, chat: EntityId, name: &str, email: &str, code: &str) -> Result<(), ApiError> {
        let mail = Mail {
            to: email.to_owned(),
            subject: format!("{code} is your code for {name}"),
            text: format!(
                "Your code for the chat \"{name}\" is {code}.\n\nIt is good for 15 minutes and works once.\n\
                 Join here: {}\n\nIf you did not ask for it, nothing has to be done.\n",
                self.join_url(chat)
            ),
        };
        self.outbox().enqueue(mail.into_job(self.tenant())).await?;
        Ok(())
    }
}
