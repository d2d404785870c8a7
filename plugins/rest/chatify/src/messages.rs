//! Messages: sending, editing, deleting.

mod page;

use axum::extract::{FromRequest, Request};
use natter_chat::{Attachment, AttachmentType, DeleteRule, NewMessage};
use natter_files::StoredFile;
use natter_rest::{Form, Rejection, Upload, UploadRules, is_multipart};
use serde::Deserialize;
use serde_json::Map;
use utoipa::ToSchema;

use crate::admission::Caller;
use crate::chatify::Chatify;
use crate::check;
use crate::errors::{ApiError, ChatifyDialect};
use crate::views::SentView;

pub(crate) use page::MessagesQuery;

/// The form's field of files.
const FIELD: &str = "files";

/// `POST /api/v1/message`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct MessageBody {
    /// The conversation.
    #[schema(example = "672c05fc60f3fb044dc2d12c")]
    pub(crate) convo_id: String,
    /// Up to 5,000 characters; may be left out where there are files.
    #[schema(example = "Hello!")]
    pub(crate) message: Option<String>,
}

/// `POST /api/v1/message` as a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a form that is read in parts")]
pub(crate) struct MessageForm {
    /// The conversation.
    convo_id: String,
    /// Up to 5,000 characters; may be left out where there are files.
    message: Option<String>,
    /// Any number up to the node's limit.
    #[schema(value_type = Vec<String>, format = Binary)]
    files: Vec<Vec<u8>>,
}

/// `PUT /api/v1/message/{id}`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct EditBody {
    /// 1 to 5,000 characters; may be empty where the message has files.
    pub(crate) message: String,
}

impl Chatify {
    /// Sends what a request holds. Answers with the message, and whether it is new. Files stay only with their message.
    ///
    /// # Errors
    /// 400, 403, 404, 413, 415.
    pub(crate) async fn send(
        &self,
        caller: &Caller,
        request: Request,
        key: Option<String>,
    ) -> Result<(SentView, bool), ApiError> {
        if !is_multipart(request.headers()) {
            let Form(body, ..) = Form::<MessageBody, ChatifyDialect>::from_request(request, self).await?;
            return self.send_with(caller, body, None, key).await;
        }
        let rules = UploadRules::new(&[FIELD], self.files());
        let upload = Upload::read(request, self.rest().files(), caller.tenant(), &rules).await?;
        self.send_with(caller, upload.decode()?, Some(upload), key).await
    }

    async fn send_with(
        &self,
        caller: &Caller,
        body: MessageBody,
        upload: Option<Upload>,
        key: Option<String>,
    ) -> Result<(SentView, bool), ApiError> {
        let id = check::object_id("convo_id", &body.convo_id)?;
        let text = body.message.unwrap_or_default();
        let attachments: Vec<_> = upload.iter().flat_map(Upload::files).map(|file| self.attachment(file)).collect();
        check::message(&text, !attachments.is_empty())?;
        self.conversation(caller, id).await?;
        let new = NewMessage { text, attachments, key, ..NewMessage::default() };
        let sent = self.chat().send(caller.tenant(), caller.id(), id, new).await?;
        // A repeat has the files of the first.
        if let Some(upload) = upload.filter(|_| !sent.is_repeat) {
            upload.keep();
        }
        Ok((SentView::of(&sent.message), !sent.is_repeat))
    }

    /// Gives a message of the caller another text.
    ///
    /// # Errors
    /// 400, 403 for a message of the other one, 404.
    pub(crate) async fn edit(&self, caller: &Caller, id: &str, body: EditBody) -> Result<SentView, ApiError> {
        let id = check::object_id("id", id)?;
        // Whether it may be empty is known by the domain, which knows the files.
        check::message(&body.message, true)?;
        let (tenant, user) = (caller.tenant(), caller.id());
        let conversation = self.chat().conversation_of_message(tenant, user, id).await?;
        let message = self.chat().edit(tenant, user, conversation, id, body.message).await?;
        Ok(SentView::of(&message))
    }

    /// Deletes a message of the caller.
    ///
    /// # Errors
    /// 400, 403 for a message of the other one, 404.
    pub(crate) async fn delete(&self, caller: &Caller, id: &str) -> Result<(), ApiError> {
        let id = check::object_id("id", id)?;
        let (tenant, user) = (caller.tenant(), caller.id());
        let conversation = self.chat().conversation_of_message(tenant, user, id).await?;
        self.chat().delete_message(tenant, user, conversation, id, DeleteRule::Sender).await?;
        Ok(())
    }

    fn attachment(&self, file: &StoredFile) -> Attachment {
        Attachment {
            kind: kind_of(&file.mime),
            url: self.rest().files().url(file),
            name: file.name.clone(),
            size: Some(file.size),
            mime_type: Some(file.mime.clone()),
            extra: Map::new(),
        }
    }

    /// Tells somebody that the other one types.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn typing(&self, caller: &Caller, convo_id: &str) -> Result<(), ApiError> {
        let id = check::object_id("convo_id", convo_id)?;
        self.conversation(caller, id).await?;
        Ok(self.chat().set_typing(caller.tenant(), caller.id(), id, true).await?)
    }
}

fn kind_of(mime: &str) -> AttachmentType {
    match mime.split('/').next() {
        Some("image") => AttachmentType::Image,
        Some("video") => AttachmentType::Video,
        Some("audio") => AttachmentType::Audio,
        _ => AttachmentType::File,
    }
}

/// A text that every route needs.
pub(crate) fn required(field: &str, value: Option<String>) -> Result<String, Rejection> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| Rejection::invalid(field, "is required"))
}
