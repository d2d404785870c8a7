//! What fields may hold.

use natter_core::EntityId;
use natter_rest::Rejection;

use crate::errors::ApiError;

/// Characters of a shop's or user's id.
const ID_MAX: usize = 128;
/// Characters of a display name.
const NAME_MAX: usize = 200;
/// Characters of a message.
const MESSAGE_MAX: usize = 5_000;
/// Characters of a client's own id of a message.
const CLIENT_ID_MAX: usize = 64;
/// Characters of a partner's name.
const USERNAME: std::ops::RangeInclusive<usize> = 3..=50;
/// Bytes of an email address, and of the part before its `@`.
const EMAIL_MAX: usize = 254;
const MAILBOX_MAX: usize = 64;

fn require(is_sound: bool, field: &str, message: impl Into<String>) -> Result<(), ApiError> {
    if is_sound { Ok(()) } else { Err(Rejection::invalid(field, message).into()) }
}

/// An id that the partner brings.
pub(crate) fn id(field: &str, id: &str) -> Result<(), ApiError> {
    require((1..=ID_MAX).contains(&id.chars().count()), field, format!("must have 1 to {ID_MAX} characters"))
}

/// A display name.
pub(crate) fn name(field: &str, name: &str) -> Result<(), ApiError> {
    let is_short = !name.trim().is_empty() && name.chars().count() <= NAME_MAX;
    let is_plain = !name.chars().any(char::is_control);
    require(
        is_short && is_plain,
        field,
        format!("must have 1 to {NAME_MAX} characters, none of them a control character"),
    )
}

/// A message's text.
pub(crate) fn message(text: &str) -> Result<(), ApiError> {
    let is_sound = !text.trim().is_empty() && text.chars().count() <= MESSAGE_MAX;
    require(is_sound, "message", format!("must have 1 to {MESSAGE_MAX} characters"))
}

/// A client's own id of a message.
pub(crate) fn client_id(id: &str) -> Result<(), ApiError> {
    let is_sound = (1..=CLIENT_ID_MAX).contains(&id.chars().count());
    require(is_sound, "client_id", format!("must have 1 to {CLIENT_ID_MAX} characters"))
}

/// A room's or message's id: 24 hexadecimal digits, in either letter case.
pub(crate) fn object_id(field: &str, id: &str) -> Result<EntityId, ApiError> {
    let found = EntityId::parse_hex(&id.to_ascii_lowercase());
    found.ok_or_else(|| Rejection::invalid(field, "must be 24 hexadecimal digits").into())
}

/// The name that a partner registers.
pub(crate) fn username(name: &str) -> Result<(), ApiError> {
    let is_plain = name.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character));
    let is_sound = is_plain && USERNAME.contains(&name.chars().count());
    require(is_sound, "username", "must have 3 to 50 letters, digits, '-' or '_'")
}

/// An email address as people write them; whether somebody reads it is not known here.
pub(crate) fn email(email: &str) -> Result<(), ApiError> {
    let is_clean = !email.chars().any(|character| character.is_whitespace() || character.is_control());
    let is_address = email.rsplit_once('@').is_some_and(|(mailbox, host)| {
        (1..=MAILBOX_MAX).contains(&mailbox.len()) && !mailbox.contains('@') && is_host(host)
    });
    require(email.len() <= EMAIL_MAX && is_clean && is_address, "email", "must be an email address")
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = label.chars().all(|character| character.is_alphanumeric() || character == '-');
        !label.is_empty() && is_plain && !label.starts_with('-') && !label.ends_with('-')
    };
    host.contains('.') && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in ["a@b.co", "first.last+tag@shop.example.com", "ä@münchen.example"] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@b.co", "a@b", "a@@b.co", "a b@c.de", "a@b..co", "a@-b.co", "a@b.co\n"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(message(&"ü".repeat(5_000)).is_ok() && message(&"ü".repeat(5_001)).is_err());
        assert!(message(" \n").is_err());
        assert!(id("shop_id", &"🎉".repeat(128)).is_ok() && id("shop_id", &"a".repeat(129)).is_err());
        assert!(username("a-b_C9").is_ok() && username("ab").is_err() && username("a.b").is_err());
    }

    #[test]
    fn object_ids_are_hexadecimal() {
        assert!(object_id("room_id", "664A1B2C3D4E5F6A7B8C9D0E").is_ok());
        for bad in ["", "664a", "664a1b2c3d4e5f6a7b8c9d0g", "664a1b2c3d4e5f6a7b8c9d0e0"] {
            assert!(object_id("room_id", bad).is_err(), "{bad}");
        }
    }
}
