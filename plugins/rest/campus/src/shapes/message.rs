//! Messages and their files.

use natter_rest::{Limit, Page};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::user::CampusUser;
use super::value::{CampusId, CampusTime};

/// The tag of a file that has none.
pub(crate) const TAG_DEFAULT: &str = "others";

/// What a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MediaType)]
pub(crate) enum CampusMediaType {
    #[default]
    Video,
    Audio,
    Image,
    Document,
    Other,
}

impl CampusMediaType {
    pub(crate) const ALL: [Self; 5] = [Self::Video, Self::Audio, Self::Image, Self::Document, Self::Other];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Image => "image",
            Self::Document => "document",
            Self::Other => "other",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = File)]
pub(crate) struct CampusFile {
    pub(crate) url: String,
    /// URL of a picture that stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cover: Option<String>,
    /// Anything; of an uploaded file `mediaType`, `fileName`, `fileSize` and `duration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) meta: Option<Value>,
    #[serde(rename = "_id")]
    pub(crate) id: String,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct CampusMessage {
    #[serde(rename = "_id")]
    pub(crate) id: CampusId,
    pub(crate) user: CampusUser,
    pub(crate) chat: CampusId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    pub(crate) files: Vec<CampusFile>,
    pub(crate) at: CampusTime,
    /// 1, 2, 3 … in the chat.
    pub(crate) seq: u64,
}

/// A page of messages, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Messages)]
pub(crate) struct CampusMessages {
    pub(crate) messages: Vec<CampusMessage>,
    /// How many the chat has.
    pub(crate) count: u64,
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OneMessage)]
pub(crate) struct CampusOneMessage {
    pub(crate) message: CampusMessage,
}

/// Which messages: the newest, or those next to one.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct CampusMessagesQuery {
    /// At most 100.
    pub(crate) limit: Limit<50, 100>,
    /// A message's id: those before it.
    pub(crate) before: Option<String>,
    /// A message's id: those after it.
    pub(crate) after: Option<String>,
}

/// A message to be sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewMessage)]
pub(crate) struct CampusNewMessage {
    /// 1 to 10,000 characters; may be empty with files.
    #[serde(default)]
    pub(crate) text: String,
    /// At most 10.
    #[serde(default)]
    pub(crate) files: Vec<CampusNewFile>,
}

/// A file that is somewhere already.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = NewFile)]
pub(crate) struct CampusNewFile {
    /// http or https.
    pub(crate) url: String,
    /// URL of a picture that stands for it.
    #[serde(default)]
    pub(crate) cover: Option<String>,
    /// Anything; `mediaType` says what the file is.
    #[serde(default)]
    pub(crate) meta: Option<Value>,
    /// What it is listed under; `others` without it.
    #[serde(default)]
    pub(crate) tag: Option<String>,
}

/// The form of a message with files.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a form that is read in parts")]
#[schema(as = MessageForm)]
pub(crate) struct CampusMessageForm {
    text: Option<String>,
    /// What its files are listed under; `others` without it.
    tag: Option<String>,
    /// At most 10.
    #[schema(value_type = Vec<String>, format = Binary)]
    files: Vec<Vec<u8>>,
}

/// A file in the list of a chat's files.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ListedFile)]
pub(crate) struct CampusListedFile {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    /// Who sent it.
    pub(crate) user: String,
    pub(crate) chat: CampusId,
    pub(crate) at: CampusTime,
    pub(crate) message: String,
    pub(crate) file: CampusFile,
}

/// A page of files, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Files)]
pub(crate) struct CampusFiles {
    pub(crate) files: Vec<CampusListedFile>,
    /// How many match, on all pages.
    pub(crate) count: usize,
}

/// Which files.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct CampusFilesQuery {
    /// At most 100.
    pub(crate) limit: Limit<10, 100>,
    pub(crate) page: Page,
    /// `others` without it.
    pub(crate) tag: Option<String>,
    /// `video` without it.
    #[serde(rename = "type")]
    #[param(rename = "type", inline)]
    pub(crate) kind: CampusMediaType,
}
