//! What an account's fields may hold.

use crate::error::AccountError;

/// Characters of a name.
const NAME_MAX: usize = 100;
/// Characters of a password.
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;

/// A name as people write it, without what surrounds it.
pub(crate) fn name(name: &str) -> Result<&str, AccountError> {
    let name = name.trim();
    let is_sound = (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    match is_sound {
        true => Ok(name),
        false => Err(AccountError::invalid("name", format!("must have 1 to {NAME_MAX} characters"))),
    }
}

/// An email address; whether somebody reads it is not known here.
pub(crate) fn email(email: &str) -> Result<&str, AccountError> {
    let has_domain = email.rsplit_once('@').is_some_and(|(_, host)| host.contains('.'));
    match has_domain && natter_chat::is_email(email) {
        true => Ok(email),
        false => Err(AccountError::invalid("email", "must be an email address")),
    }
}

/// A new password.
pub(crate) fn password(password: &str) -> Result<(), AccountError> {
    match PASSWORD.contains(&password.chars().count()) {
        true => Ok(()),
        false => Err(AccountError::invalid("password", "must have 8 to 128 characters")),
    }
}

/// The address that an account is found by: no account has one that is longer than an address can be.
pub(crate) fn key(email: &str) -> String {
    email.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_counted_in_characters() {
        assert_eq!(name(" Ada ").unwrap(), "Ada");
        assert!(name(&"ü".repeat(100)).is_ok() && name(&"ü".repeat(101)).is_err());
        assert!(name("  ").is_err() && name("a\nb").is_err());
        assert!(password(&"ü".repeat(8)).is_ok() && password("1234567").is_err());
        assert!(password(&"x".repeat(128)).is_ok() && password(&"x".repeat(129)).is_err());
    }

    #[test]
    fn an_address_has_a_domain() {
        assert!(email("ada@example.com").is_ok());
        for bad in ["", "ada", "ada@host", "@example.com", "a b@example.com", "ada@example..com"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }
}
