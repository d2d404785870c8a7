//! What allows a client to track keys: a backend's signature of them (reference: Centrifugo's shared poll).
//!
//! `iat:exp:hmac`, where the last part is the HMAC-SHA256, in lower-case hexadecimal, of five texts joined by NUL: iat and
//! exp as they stand there, the user, the channel, and the hexadecimal SHA-256 of the keys, in order and joined by NUL.
//! So whoever may track some keys may track neither others nor in another's name.

use natter_node::config::SharedPoll;
use natter_protocol::centrifuge::codes::ClientError;
use ring::{digest, hmac};

/// How long after its expiry a signature is still taken, in seconds: clocks differ.
const GRACE_SECONDS: i64 = 5;

/// The keys that signatures are verified with.
pub(crate) struct Verifier {
    present: Option<hmac::Key>,
    previous: Option<hmac::Key>,
    previous_valid_until: i64,
}

/// Who tracks where, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracker<'a> {
    pub(crate) user: &'a str,
    pub(crate) channel: &'a str,
    /// Unix seconds.
    pub(crate) now: i64,
}

/// A signature's parts.
struct Signature<'a> {
    iat: &'a str,
    exp: &'a str,
    mac: [u8; 32],
}

impl Verifier {
    pub(crate) fn new(config: &SharedPoll) -> Self {
        let key = |secret: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            Some(key).filter(|_| !secret.is_empty())
        };
        Self {
            present: key(config.hmac_secret_key.reveal()),
            previous: key(config.hmac_previous_secret_key.reveal()),
            previous_valid_until: config.hmac_previous_secret_key_valid_until,
        }
    }

    /// Verifies the signature of one list of keys and returns when it expires, in Unix seconds; 0 is never.
    ///
    /// # Errors
    /// 103 when it was not made for these keys, this user and this channel; 109 when it has expired.
    pub(crate) fn verify<'k>(
        &self,
        signature: &str,
        keys: impl Iterator<Item = &'k str>,
        tracker: Tracker<'_>,
    ) -> Result<i64, ClientError> {
        let signature = Signature::parse(signature).ok_or(ClientError::PERMISSION_DENIED)?;
        let [iat, exp] = [signature.iat, signature.exp].map(|number| number.parse::<i64>().ok());
        let (Some(iat), Some(exp)) = (iat, exp) else { return Err(ClientError::PERMISSION_DENIED) };
        let payload = payload(&signature, keys, tracker);
        let is_made_by = |key: &hmac::Key| hmac::verify(key, &payload, &signature.mac).is_ok();
        let is_previous_valid = self.previous_valid_until <= 0 || iat <= self.previous_valid_until;
        let is_valid = self.present.as_ref().is_some_and(is_made_by)
            || self.previous.as_ref().is_some_and(|key| is_previous_valid && is_made_by(key));
        if !is_valid {
            return Err(ClientError::PERMISSION_DENIED);
        }
        match exp > 0 && exp.saturating_add(GRACE_SECONDS) < tracker.now {
            true => Err(ClientError::TOKEN_EXPIRED),
            false => Ok(exp.max(0)),
        }
    }
}

impl<'a> Signature<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (iat, rest) = text.split_once(':')?;
        let (exp, mac) = rest.split_once(':')?;
        Some(Self { iat, exp, mac: unhex(mac.as_bytes())? })
    }
}

fn payload<'k>(signature: &Signature<'_>, keys: impl Iterator<Item = &'k str>, tracker: Tracker<'_>) -> Vec<u8> {
    let mut hash = digest::Context::new(&digest::SHA256);
    for (index, key) in keys.enumerate() {
        if index > 0 {
            hash.update(&[0]);
        }
        hash.update(key.as_bytes());
    }
    let keys = hex(hash.finish().as_ref());
    let parts = [signature.iat, signature.exp, tracker.user, tracker.channel, &keys];
    parts.map(str::as_bytes).join(&0)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Reads 32 bytes in lower-case hexadecimal.
fn unhex(text: &[u8]) -> Option<[u8; 32]> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(digits[0])? << 4 | digit(digits[1])?;
    }
    Some(bytes)
}
