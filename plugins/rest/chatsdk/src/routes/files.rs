//! `POST /api/files`.

use axum::Json as Answered;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use natter_rest::{Upload, UploadRules};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, Problem};
use crate::shapes::error::ChatSdkError;
use crate::shapes::file::{ChatSdkFile, ChatSdkFileForm};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(upload_file))
}

/// Keeps a file, which messages can then name as an attachment.
#[utoipa::path(post, path = "/api/files", request_body(content = ChatSdkFileForm, content_type = "multipart/form-data"),
    security(("apiKey" = [], "token" = [])),
    responses((status = 201, body = ChatSdkFile), (status = "default", body = ChatSdkError)))]
async fn upload_file(
    State(api): State<Api>,
    caller: Caller,
    request: Request,
) -> Answer<(StatusCode, Answered<ChatSdkFile>)> {
    let store = api.rest().files();
    let rules = UploadRules { files_max: 1, ..UploadRules::new(&["file"], api.files()) };
    let upload = Upload::read(request, store, caller.tenant(), &rules).await?;
    let file = upload.keep().into_iter().next().ok_or_else(|| Problem::invalid("file", "is required"))?;
    let url = store.url(&file);
    let file = ChatSdkFile { url, name: file.name, size: file.size, mime_type: file.mime };
    Ok((StatusCode::CREATED, Answered(file)))
}
