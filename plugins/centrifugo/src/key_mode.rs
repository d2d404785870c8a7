//! The names of the conditions under which a key is set (section 8), as backends write them.

use natter_core::KeyMode;

/// The condition of a name; `None` for a name that there is not.
pub(crate) fn key_mode(name: &str) -> Option<KeyMode> {
    match name {
        "" => Some(KeyMode::Replace),
        "if_new" => Some(KeyMode::IfNew),
        "if_exists" => Some(KeyMode::IfExists),
        _ => None,
    }
}
