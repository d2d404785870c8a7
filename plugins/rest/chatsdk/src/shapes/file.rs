//! Uploaded files.

use serde::Serialize;
use utoipa::ToSchema;

/// A form with a file.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes the form, which is read as a stream")]
pub(crate) struct ChatSdkFileForm {
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// A file that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkFile {
    /// Where everyone who knows it can read the file.
    pub(crate) url: String,
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
    /// What the content is, whatever was said of it.
    pub(crate) mime_type: String,
}
