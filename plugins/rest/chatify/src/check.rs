//! What fields may hold.

use natter_core::EntityId;
use natter_rest::Rejection;

/// Characters of a message.
const MESSAGE_MAX: usize = 5_000;
/// Characters of what users are looked for by.
const KEYWORD_MAX: usize = 200;

/// An id: 24 hexadecimal digits, in either letter case.
pub(crate) fn object_id(field: &str, id: &str) -> Result<EntityId, Rejection> {
    let found = EntityId::parse_hex(&id.to_ascii_lowercase());
    found.ok_or_else(|| Rejection::invalid(field, "must be 24 hexadecimal digits"))
}

/// A message's text, which may be empty when files come with it.
pub(crate) fn message(text: &str, has_files: bool) -> Result<(), Rejection> {
    if text.trim().is_empty() && !has_files {
        return Err(Rejection::invalid("message", "must not be empty, unless there are files"));
    }
    match text.chars().count() <= MESSAGE_MAX {
        true => Ok(()),
        false => Err(Rejection::invalid("message", format!("must have at most {MESSAGE_MAX} characters"))),
    }
}

/// What users are looked for by.
pub(crate) fn keyword(keyword: Option<&str>) -> Result<&str, Rejection> {
    let keyword = keyword.unwrap_or_default().trim();
    match (1..=KEYWORD_MAX).contains(&keyword.chars().count()) {
        true => Ok(keyword),
        false => Err(Rejection::invalid("keyword", format!("must have 1 to {KEYWORD_MAX} characters"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hexadecimal() {
        assert!(object_id("receiver_id", "672C05fc60f3fb044dc2d12c").is_ok());
        for bad in ["", "672c", "672c05fc60f3fb044dc2d12g", "672c05fc60f3fb044dc2d12c0"] {
            assert!(object_id("receiver_id", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_message_has_words_or_files() {
        assert!(message("hi", false).is_ok() && message("", true).is_ok());
        assert!(message(" \n", false).is_err());
        assert!(message(&"ü".repeat(5_000), false).is_ok() && message(&"ü".repeat(5_001), true).is_err());
    }

    #[test]
    fn a_keyword_is_something() {
        assert_eq!(keyword(Some(" ada ")).unwrap(), "ada");
        assert!(keyword(None).is_err() && keyword(Some("  ")).is_err());
    }
}
