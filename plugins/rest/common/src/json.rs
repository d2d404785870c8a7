//! JSON bodies.

use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::body::{ContentType, content_type, read_body};
use crate::dialect::{Dialect, Rejected};
use crate::rejection::Rejection;
use crate::serde_error::decode_json;

/// A JSON body; taken apart as `Json(body, ..): Json<T, D>`.
///
/// The content type must be JSON, unless the body is empty, which counts as `{}`. At most
/// [`BodyLimit`](crate::BodyLimit) bytes.
pub struct Json<T, D>(pub T, pub PhantomData<D>);

impl<S: Send + Sync, T: DeserializeOwned, D: Dialect> FromRequest<S> for Json<T, D> {
    type Rejection = Rejected<D>;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Rejected<D>> {
        let content_type = content_type(request.headers());
        let body = read_body(request).await?;
        if !body.is_empty() && content_type != ContentType::Json {
            return Err(Rejection::UnsupportedMediaType { expected: "application/json" }.into());
        }
        Ok(Self(decode_json(&body)?, PhantomData))
    }
}
