//! Bounds of what the domain takes.

use serde_json::{Map, Value};

use crate::error::ChatError;
use crate::model::{Attachment, ChannelPatch, ChannelType, NewChannel, NewMessage};

/// Characters of a channel's name.
const NAME_MAX: usize = 255;
/// Characters of a description.
const DESCRIPTION_MAX: usize = 2_000;
/// Bytes of a URL.
const URL_BYTES_MAX: usize = 2_048;
/// Members that a channel can be made with.
const FIRST_MEMBERS_MAX: usize = 10_000;
/// Characters of a message.
const TEXT_MAX: usize = 10_000;
/// Attachments of a message.
const ATTACHMENTS_MAX: usize = 10;
/// Characters of a client's own id, of an attachment's name and of its media type.
const CLIENT_ID_MAX: usize = 64;
const FILE_NAME_MAX: usize = 255;
const MIME_TYPE_MAX: usize = 255;
/// Characters of an emoji or its short name.
const EMOJI_MAX: usize = 32;
/// Bytes of what one document keeps beside an entity.
const EXTRA_BYTES_MAX: usize = 32 * 1024;

pub(crate) fn new_channel(new: &NewChannel) -> Result<(), ChatError> {
    if new.kind != ChannelType::Messaging {
        channel_name(&new.name)?;
    }
    if new.members.len() > FIRST_MEMBERS_MAX {
        return Err(ChatError::invalid("memberIds", format!("at most {FIRST_MEMBERS_MAX}")));
    }
    length("description", new.description.as_deref(), DESCRIPTION_MAX)?;
    url("image", new.image.as_deref())?;
    extra(&new.extra)
}

pub(crate) fn channel_patch(patch: &ChannelPatch) -> Result<(), ChatError> {
    if let Some(name) = &patch.name {
        channel_name(name)?;
    }
    length("description", patch.description.iter().flatten().next().map(String::as_str), DESCRIPTION_MAX)?;
    url("image", patch.image.iter().flatten().next().map(String::as_str))?;
    extra(&patch.extra)
}

pub(crate) fn message(new: &NewMessage) -> Result<(), ChatError> {
    text(&new.text, !new.attachments.is_empty())?;
    if new.attachments.len() > ATTACHMENTS_MAX {
        return Err(ChatError::invalid("attachments", format!("at most {ATTACHMENTS_MAX}")));
    }
    new.attachments.iter().try_for_each(attachment)?;
    if new.client_id.as_ref().is_some_and(|id| id.is_empty() || id.chars().count() > CLIENT_ID_MAX) {
        return Err(ChatError::invalid("clientId", format!("1 to {CLIENT_ID_MAX} characters")));
    }
    extra(&new.extra)
}

/// Checks a message's text, which may be empty when something comes with it.
pub(crate) fn text(text: &str, may_be_empty: bool) -> Result<(), ChatError> {
    if text.trim().is_empty() && !may_be_empty {
        return Err(ChatError::invalid("text", "must not be empty"));
    }
    if text.chars().count() > TEXT_MAX {
        return Err(ChatError::invalid("text", format!("at most {TEXT_MAX} characters")));
    }
    Ok(())
}

/// One emoji, or a short name such as `+1` or `:tada:`, without white space or control characters.
pub(crate) fn emoji(emoji: &str) -> Result<(), ChatError> {
    let is_short = !emoji.is_empty() && emoji.chars().count() <= EMOJI_MAX;
    let is_plain = emoji.chars().all(|character| !character.is_whitespace() && !character.is_control());
    match is_short && is_plain && is_single(emoji) {
        true => Ok(()),
        false => {
            Err(ChatError::invalid("emoji", format!("one emoji, or a short name of up to {EMOJI_MAX} characters")))
        }
    }
}

/// A short name is ASCII; anything else is one cluster as people see it.
fn is_single(emoji: &str) -> bool {
    use unicode_segmentation::UnicodeSegmentation;
    let is_name = emoji.chars().all(|character| character.is_ascii_graphic());
    is_name || emoji.graphemes(true).count() == 1
}

fn attachment(attachment: &Attachment) -> Result<(), ChatError> {
    url("attachments.url", Some(&attachment.url))?;
    if attachment.name.is_empty() || attachment.name.chars().count() > FILE_NAME_MAX {
        return Err(ChatError::invalid("attachments.name", format!("1 to {FILE_NAME_MAX} characters")));
    }
    length("attachments.mimeType", attachment.mime_type.as_deref(), MIME_TYPE_MAX)?;
    extra(&attachment.extra)
}

fn channel_name(name: &str) -> Result<(), ChatError> {
    match name.trim().chars().count() {
        1..=NAME_MAX => Ok(()),
        _ => Err(ChatError::invalid("name", format!("1 to {NAME_MAX} characters"))),
    }
}

fn length(field: &'static str, text: Option<&str>, characters_max: usize) -> Result<(), ChatError> {
    match text {
        Some(text) if text.chars().count() > characters_max => {
            Err(ChatError::invalid(field, format!("at most {characters_max} characters")))
        }
        _ => Ok(()),
    }
}

/// An absolute http or https URL.
pub(crate) fn url(field: &'static str, text: Option<&str>) -> Result<(), ChatError> {
    let Some(text) = text else { return Ok(()) };
    let has_scheme = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match has_scheme && text.len() <= URL_BYTES_MAX {
        true => Ok(()),
        false => Err(ChatError::invalid(field, format!("an http or https URL of up to {URL_BYTES_MAX} bytes"))),
    }
}

fn extra(extra: &Map<String, Value>) -> Result<(), ChatError> {
    let bytes = serde_json::to_vec(extra).map_or(usize::MAX, |json| json.len());
    if bytes > EXTRA_BYTES_MAX {
        Err(ChatError::invalid("extra", format!("at most {EXTRA_BYTES_MAX} bytes")))
    } else {
        Ok(())
    }
}
