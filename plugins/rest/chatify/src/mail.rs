//! What people are mailed.

use natter_accounts::Reset;
use natter_outbox::mail::Mail;

/// The mail to somebody who has forgotten a password. `server` is the API's base.
pub(crate) fn reset(reset: &Reset, server: &str) -> Mail {
    let Reset { email, name, token } = reset;
    let text = format!(
        "Hello {name},\n\n\
         somebody, probably you, has asked for a new password of your account at {server}.\n\n\
         This token sets it, once and within an hour:\n\n\
         {token}\n\n\
         Enter it where you were asked for it, or send it with the new password to\n\
         POST {server}/api/v1/auth/reset\n\n\
         If it was not you, there is nothing to do: your password stays as it is.\n"
    );
    Mail { to: email.clone(), subject: "Your new password".to_owned(), text }
}
