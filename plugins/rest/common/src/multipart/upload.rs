//! A form with files.

use axum::extract::Request;
use axum::http::HeaderMap;
use futures_util::stream;
use natter_core::TenantId;
use natter_files::{FileError, FileStore, NewFile, PutError, StoredFile};
use natter_node::config;
use serde::de::DeserializeOwned;

use super::parts::Parts;
use crate::body::{ContentType, content_type};
use crate::query::decode_pairs;
use crate::rejection::Rejection;

/// Most text fields of a form, and bytes of one.
const TEXTS_MAX: usize = 100;
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Room for the head of a part.
const HEAD_BYTES: u64 = 1024;

/// What a form may hold.
#[derive(Clone, Debug)]
pub struct UploadRules<'a> {
    /// Names of the fields that may be files; one with `[]` behind it counts as the same.
    pub file_fields: &'a [&'a str],
    /// Most files.
    pub files_max: usize,
    /// Most bytes of one file.
    pub file_bytes_max: u64,
    /// Most text fields.
    pub texts_max: usize,
    /// Most bytes of one text field.
    pub text_bytes_max: usize,
}

impl<'a> UploadRules<'a> {
    /// The rules of `[files]`; 100 text fields of 64 KiB.
    pub fn new(file_fields: &'a [&'a str], files: &config::Files) -> Self {
        Self {
            file_fields,
            files_max: files.max_files_per_message as usize,
            file_bytes_max: files.max_file_bytes,
            texts_max: TEXTS_MAX,
            text_bytes_max: TEXT_BYTES_MAX,
        }
    }

    /// The largest form that obeys the rules, in bytes.
    fn bytes_max(&self) -> u64 {
        let (files, texts) = (self.files_max as u64, self.texts_max as u64);
        let files = files.saturating_mul(self.file_bytes_max.saturating_add(HEAD_BYTES));
        files.saturating_add(texts.saturating_mul(self.text_bytes_max as u64 + HEAD_BYTES)).saturating_add(HEAD_BYTES)
    }
}

/// Whether a request's body is a multipart form.
pub fn is_multipart(headers: &HeaderMap) -> bool {
    content_type(headers) == ContentType::Multipart
}

/// A form that has been read. Its files are deleted again unless they are [kept](Upload::keep).
pub struct Upload {
    texts: Vec<(String, String)>,
    files: Vec<(String, NewFile)>,
}

impl Upload {
    /// Reads a form; its files go to the store as they come.
    ///
    /// # Errors
    /// 413 for too many or too large parts, 400 for a file where there can be none and for a form that ends early, 415,
    /// 503; nothing of the form is left then.
    pub async fn read(
        request: Request,
        store: &FileStore,
        tenant: &TenantId,
        rules: &UploadRules<'_>,
    ) -> Result<Self, Rejection> {
        let mut parts = Parts::new(request, rules.bytes_max())?;
        let mut upload = Self { texts: Vec::new(), files: Vec::new() };
        let taken = upload.take_all(&mut parts, store, tenant, rules).await;
        if taken.is_err() {
            parts.read_over().await;
        }
        taken.map(|()| upload)
    }

    async fn take_all(
        &mut self,
        parts: &mut Parts,
        store: &FileStore,
        tenant: &TenantId,
        rules: &UploadRules<'_>,
    ) -> Result<(), Rejection> {
        while let Some(head) = parts.next().await? {
            match head.file_name {
                None => self.take_text(parts, head.name, rules).await?,
                // What a browser sends for a file field that nothing was chosen in.
                Some(name) if name.is_empty() => self.pass_over(parts, &head.name).await?,
                Some(name) => self.take_file(parts, head.name, &name, store, tenant, rules).await?,
            }
        }
        Ok(())
    }

    async fn take_text(&mut self, parts: &mut Parts, name: String, rules: &UploadRules<'_>) -> Result<(), Rejection> {
        if self.texts.len() >= rules.texts_max {
            return Err(Rejection::TooLarge { limit: rules.texts_max as u64, what: "fields" });
        }
        let text = parts.text(&name, rules.text_bytes_max).await?;
        self.texts.push((name, text));
        Ok(())
    }

    async fn pass_over(&mut self, parts: &mut Parts, name: &str) -> Result<(), Rejection> {
        match parts.chunk().await? {
            Some(chunk) if !chunk.is_empty() => Err(Rejection::invalid(name, "is a file without a name")),
            _ => Ok(()),
        }
    }

    async fn take_file(
        &mut self,
        parts: &mut Parts,
        field: String,
        name: &str,
        store: &FileStore,
        tenant: &TenantId,
        rules: &UploadRules<'_>,
    ) -> Result<(), Rejection> {
        if !rules.file_fields.contains(&field.as_str()) {
            return Err(Rejection::invalid(field, "cannot be a file"));
        }
        if self.files.len() >= rules.files_max {
            return Err(Rejection::TooLarge { limit: rules.files_max as u64, what: "files" });
        }
        let chunks = stream::unfold(parts, async |parts| Some((parts.chunk().await.transpose()?, parts)));
        let file = store.put(tenant, chunks, name, rules.file_bytes_max).await.map_err(rejection)?;
        self.files.push((field, file));
        Ok(())
    }

    /// The first text of a field.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.texts.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }

    /// The text fields as a `T`, whose fields must be such that a text can become them.
    ///
    /// # Errors
    /// `Invalid` with the name of the wrong field.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        decode_pairs(&self.texts)
    }

    /// The files in their order.
    pub fn files(&self) -> impl Iterator<Item = &StoredFile> {
        self.files.iter().map(|(_, file)| &**file)
    }

    /// Lets the files stay, in their order: something refers to them now.
    pub fn keep(self) -> Vec<StoredFile> {
        self.files.into_iter().map(|(_, file)| file.keep()).collect()
    }
}

fn rejection(error: PutError<Rejection>) -> Rejection {
    match error {
        PutError::Source(rejection) => rejection,
        PutError::TooLarge { limit } => Rejection::TooLarge { limit, what: "bytes of a file" },
        PutError::File(error) => error.into(),
    }
}

impl From<FileError> for Rejection {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Configuration(_) | FileError::Random(_) => Self::internal(&error),
            FileError::Busy => Self::unavailable(),
            FileError::Rows(error) => error.into(),
            FileError::Storage(_) => {
                tracing::warn!(%error, "a request needs the file storage");
                Self::unavailable()
            }
        }
    }
}
