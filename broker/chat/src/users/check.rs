//! What a user's fields may hold.

use serde_json::{Map, Value};

use crate::email::is_email;
use crate::error::ChatError;
use crate::model::UserPatch;
use crate::validate;

/// Characters of an id, all of one byte.
pub(super) const ID_MAX: usize = 128;
/// Characters of a name.
const NAME_MAX: usize = 200;
/// Bytes of the tenant's own data, as JSON.
const CUSTOM_BYTES_MAX: usize = 16 * 1024;

/// Characters that an id is made of.
pub(super) fn is_of_id(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-.@+|:".contains(character)
}

pub(super) fn id(id: &str) -> Result<(), ChatError> {
    match (1..=ID_MAX).contains(&id.len()) && id.chars().all(is_of_id) {
        true => Ok(()),
        false => Err(ChatError::invalid("id", "1 to 128 of A-Z a-z 0-9 _ - . @ + | :")),
    }
}

pub(super) fn patch(patch: &UserPatch) -> Result<(), ChatError> {
    let UserPatch { name, email, image, custom } = patch;
    if let Some(Some(name)) = name {
        self::name(name)?;
    }
    if let Some(Some(email)) = email {
        self::email(email)?;
    }
    if let Some(Some(custom)) = custom {
        self::custom(custom)?;
    }
    validate::url("image", image.iter().flatten().next().map(String::as_str))
}

fn name(name: &str) -> Result<(), ChatError> {
    match name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(ChatError::invalid("name", "at most 200 characters, none of them a control character")),
    }
}

fn email(email: &str) -> Result<(), ChatError> {
    match is_email(email) {
        true => Ok(()),
        false => Err(ChatError::invalid("email", "an email address of up to 254 bytes")),
    }
}

fn custom(custom: &Map<String, Value>) -> Result<(), ChatError> {
    match serde_json::to_vec(custom).is_ok_and(|json| json.len() <= CUSTOM_BYTES_MAX) {
        true => Ok(()),
        false => Err(ChatError::invalid("custom", "at most 16 KiB of JSON")),
    }
}
