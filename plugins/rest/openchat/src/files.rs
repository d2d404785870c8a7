//! Uploads, for messages of type image, file and audio.

use axum::extract::Request;
use natter_files::StoredFile;
use natter_rest::{Rejection, Upload, UploadRules};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::errors::ApiError;
use crate::open_chat::OpenChat;

/// The form's one file.
const FIELD: &str = "file";

/// The form of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a form that is read in parts")]
pub(crate) struct FileForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A file that is kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FileView {
    /// Where it is; fit to be a message's text.
    pub(crate) url: String,
    /// Its name, cleaned.
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Its type, as its content tells it.
    pub(crate) mime_type: String,
}

impl OpenChat {
    /// Takes the file of a form.
    ///
    /// # Errors
    /// 1000 when there is none, or with 413 when it is too large and 415 when it is no form.
    pub(crate) async fn take_file(&self, caller: &Caller, request: Request) -> Result<FileView, ApiError> {
        let mut rules = UploadRules::new(&[FIELD], self.files());
        rules.files_max = 1;
        let store = self.rest().files();
        let upload = Upload::read(request, store, caller.tenant(), &rules).await?;
        caller.check_username(upload.text("username"))?;
        let file = upload.keep().pop().ok_or_else(|| Rejection::invalid(FIELD, "is required"))?;
        let url = store.url(&file);
        let StoredFile { name, size, mime, .. } = file;
        Ok(FileView { url, name, size, mime_type: mime })
    }
}
