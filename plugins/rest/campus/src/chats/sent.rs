//! A message and its files, between the domain's form and the document's.
//!
//! A file is an attachment; what only this document says of it (its cover, its tag, any `meta`) stands in the attachment's
//! `extra`. The id of a file is that of its message and its place, so that files of every API have one.

use natter_chat::{Attachment, AttachmentType, ChatError, Message};
use natter_core::{EntityId, TenantId};
use natter_files::StoredFile;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::extra::EXTRA;
use crate::campus::Campus;
use crate::shapes::message::{CampusFile, CampusMediaType, CampusMessage, CampusNewFile, TAG_DEFAULT};
use crate::shapes::user::CampusUser;
use crate::shapes::value::{CampusId, CampusTime};

/// Characters of an attachment's name.
const FILE_NAME_MAX: usize = 255;

/// What an attachment's `extra` has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct FileExtra {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cover: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meta: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
    /// Whether it was uploaded with its message, and so goes with it.
    pub(crate) uploaded: bool,
}

impl FileExtra {
    /// What an attachment says; `None` when another API has sent it.
    pub(crate) fn of(attachment: &Attachment) -> Option<Self> {
        attachment.extra.get(EXTRA).and_then(|value| Self::deserialize(value).ok())
    }

    fn into_extra(self) -> Map<String, Value> {
        // Texts and JSON always have a JSON form.
        Map::from_iter([(EXTRA.to_owned(), serde_json::to_value(self).unwrap_or_default())])
    }
}

/// The id of a message's file by its place.
pub(crate) fn file_id(message: EntityId, index: usize) -> String {
    let number = message.0.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let next = number.wrapping_add(index as u128 + 1) & ((1 << 96) - 1);
    format!("{next:024x}")
}

/// An attachment as the document shows it.
pub(crate) fn file_view(message: EntityId, index: usize, attachment: &Attachment) -> CampusFile {
    let extra = FileExtra::of(attachment);
    let (cover, meta) = match extra {
        Some(extra) => (extra.cover, extra.meta),
        None => (None, Some(meta_of(attachment))),
    };
    CampusFile { url: attachment.url.clone(), cover, meta, id: file_id(message, index) }
}

/// What a file is, and what it is listed under.
pub(crate) fn place_of(attachment: &Attachment) -> (CampusMediaType, String) {
    let extra = FileExtra::of(attachment).unwrap_or_default();
    let told = extra.meta.as_ref().and_then(|meta| meta.get("mediaType")).and_then(Value::as_str);
    let kind = told.and_then(CampusMediaType::parse).unwrap_or_else(|| media_type(attachment));
    (kind, extra.tag.unwrap_or_else(|| TAG_DEFAULT.to_owned()))
}

/// The attachment that an uploaded file becomes.
pub(crate) fn uploaded(file: &StoredFile, url: String, tag: Option<&str>) -> Attachment {
    let mime_type = Some(file.mime.clone());
    let mut attachment = Attachment {
        kind: attachment_type(&file.mime),
        url,
        name: file.name.clone(),
        size: Some(file.size),
        mime_type,
        extra: Map::new(),
    };
    let meta = Some(meta_of(&attachment));
    let extra = FileExtra { meta, tag: tag.map(str::to_owned), uploaded: true, ..FileExtra::default() };
    attachment.extra = extra.into_extra();
    attachment
}

/// The attachment that a file which is somewhere becomes.
pub(crate) fn linked(file: CampusNewFile) -> Attachment {
    let told = |name: &str| file.meta.as_ref().and_then(|meta| meta.get(name));
    let name = told("fileName").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    let name = name.unwrap_or_else(|| name_in(&file.url));
    let size = told("fileSize").and_then(Value::as_u64);
    let kind = told("mediaType").and_then(Value::as_str).and_then(CampusMediaType::parse);
    let kind = kind.unwrap_or_else(|| media_type_by_name(&name));
    let extra = FileExtra { cover: file.cover, meta: file.meta, tag: file.tag, uploaded: false };
    Attachment {
        kind: match kind {
            CampusMediaType::Image => AttachmentType::Image,
            CampusMediaType::Video => AttachmentType::Video,
            CampusMediaType::Audio => AttachmentType::Audio,
            CampusMediaType::Document | CampusMediaType::Other => AttachmentType::File,
        },
        url: file.url,
        name: name.chars().take(FILE_NAME_MAX).collect(),
        size,
        mime_type: None,
        extra: extra.into_extra(),
    }
}

fn meta_of(attachment: &Attachment) -> Value {
    json!({
        "mediaType": media_type(attachment).as_str(),
        "fileName": attachment.name,
        "fileSize": attachment.size,
        "duration": null,
    })
}

fn attachment_type(mime: &str) -> AttachmentType {
    match mime.split('/').next().unwrap_or_default() {
        "image" => AttachmentType::Image,
        "video" => AttachmentType::Video,
        "audio" => AttachmentType::Audio,
        _ => AttachmentType::File,
    }
}

fn media_type(attachment: &Attachment) -> CampusMediaType {
    match (attachment.kind, &attachment.mime_type) {
        (AttachmentType::Image, _) => CampusMediaType::Image,
        (AttachmentType::Video, _) => CampusMediaType::Video,
        (AttachmentType::Audio, _) => CampusMediaType::Audio,
        (AttachmentType::File, Some(mime)) if is_document(mime) => CampusMediaType::Document,
        (AttachmentType::File, _) => match media_type_by_name(&attachment.name) {
            CampusMediaType::Document => CampusMediaType::Document,
            _ => CampusMediaType::Other,
        },
    }
}

fn is_document(mime: &str) -> bool {
    mime.starts_with("text/")
        || mime.starts_with("application/vnd.")
        || matches!(mime, "application/pdf" | "application/msword" | "application/rtf" | "application/epub+zip")
}

fn media_type_by_name(name: &str) -> CampusMediaType {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "mp4" | "m4v" | "mov" | "webm" | "mkv" | "avi" | "3gp" | "mpeg" | "mpg" => CampusMediaType::Video,
        "mp3" | "m4a" | "aac" | "wav" | "ogg" | "oga" | "opus" | "flac" => CampusMediaType::Audio,
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "heic" | "heif" | "bmp" | "tiff" => CampusMediaType::Image,
        "pdf" | "doc" | "docx" | "xls" | "xlsx" | "ppt" | "pptx" | "odt" | "ods" | "odp" | "rtf" | "txt" | "csv"
        | "md" | "epub" => CampusMediaType::Document,
        _ => CampusMediaType::Other,
    }
}

/// The last part of a URL's path, else its host.
fn name_in(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "file".to_owned() };
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    if last.is_empty() { url.host_str().unwrap_or("file").to_owned() } else { last.to_owned() }
}

/// A message whose sender is known.
pub(crate) fn message_view(message: &Message, user: CampusUser) -> CampusMessage {
    let files = message.attachments.iter().enumerate();
    CampusMessage {
        id: CampusId(message.id),
        user,
        chat: CampusId(message.channel),
        text: Some(message.text.clone()).filter(|text| !text.is_empty()),
        files: files.map(|(index, attachment)| file_view(message.id, index, attachment)).collect(),
        at: CampusTime(message.created_at),
        seq: message.seq,
    }
}

impl Campus {
    /// A message as it is shown.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn message_view(&self, tenant: &TenantId, message: &Message) -> Result<CampusMessage, ChatError> {
        Ok(message_view(message, self.person(tenant, &message.sender.id).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_ids_after_their_message() {
        let id = EntityId::parse_hex("68d51f2b9caa6111e7e8079a").unwrap();
        assert_eq!(file_id(id, 0), "68d51f2b9caa6111e7e8079b");
        assert_eq!(file_id(id, 9), "68d51f2b9caa6111e7e807a4");
        assert_eq!(file_id(EntityId([0xff; 12]), 0), "000000000000000000000000");
    }

    #[test]
    fn a_linked_file_keeps_what_was_said_of_it() {
        let meta = json!({ "data": "Its just a dummy data", "list": ["It", true, 100] });
        let file = CampusNewFile {
            url: "https://files.example/a/b-video.mp4".to_owned(),
            cover: Some("https://files.example/cover.jpg".to_owned()),
            meta: Some(meta.clone()),
            tag: Some("exams".to_owned()),
        };
        let attachment = linked(file);
        assert_eq!((attachment.kind, attachment.name.as_str()), (AttachmentType::Video, "b-video.mp4"));
        assert_eq!(place_of(&attachment), (CampusMediaType::Video, "exams".to_owned()));
        let view = file_view(EntityId([1; 12]), 0, &attachment);
        assert_eq!((view.meta, view.cover.as_deref()), (Some(meta), Some("https://files.example/cover.jpg")));
    }

    #[test]
    fn a_file_says_nothing_that_was_not_said() {
        let bare = CampusNewFile { url: "https://x.example/".to_owned(), cover: None, meta: None, tag: None };
        let attachment = linked(bare);
        assert_eq!(attachment.name, "x.example");
        let view = serde_json::to_value(file_view(EntityId([1; 12]), 0, &attachment)).unwrap();
        assert_eq!(view, json!({ "url": "https://x.example/", "_id": "010101010101010101010102" }));
        assert_eq!(place_of(&attachment), (CampusMediaType::Other, TAG_DEFAULT.to_owned()));
    }

    #[test]
    fn files_of_other_apis_are_described() {
        let attachment = Attachment {
            kind: AttachmentType::File,
            url: "https://x.example/report.pdf".to_owned(),
            name: "report.pdf".to_owned(),
            size: Some(7),
            mime_type: None,
            extra: Map::new(),
        };
        let view = file_view(EntityId([1; 12]), 0, &attachment);
        let meta = json!({ "mediaType": "document", "fileName": "report.pdf", "fileSize": 7, "duration": null });
        assert_eq!(view.meta, Some(meta));
        assert_eq!(place_of(&attachment), (CampusMediaType::Document, TAG_DEFAULT.to_owned()));
    }
}
