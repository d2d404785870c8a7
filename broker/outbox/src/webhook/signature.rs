//! How a receiver knows that a webhook is ours, and fresh.

use ring::hmac;

/// The header with the signature, in the lower case of HTTP/2.
pub const SIGNATURE_HEADER: &str = "x-natter-signature";

/// The header's value for a body that is sent at a time, in seconds since the Unix epoch.
pub fn sign(secret: &str, unix_seconds: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
    context.update(format!("{unix_seconds}.").as_bytes());
    context.update(body);
    let tag = context.sign();
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={unix_seconds},v1={digits}")
}
