//! Bodies that may be JSON or what an HTML form sends.

use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::body::{BODY_BYTES_DEFAULT, BodyLimit, ContentType, content_type, read_body};
use crate::dialect::{Dialect, Rejected};
use crate::multipart::Parts;
use crate::query::{decode_pairs, decode_url_encoded};
use crate::rejection::Rejection;
use crate::serde_error::decode_json;

/// Most fields of a multipart form.
const FIELDS_MAX: usize = 100;

/// A body in JSON, URL-encoded, or multipart without files; taken apart as `Form(body, ..): Form<T, D>`.
///
/// The values of the two latter are texts, so fields of `T` must be such that a text can become them: strings, numbers,
/// booleans, not lists or objects. An empty body counts as `{}`, whatever its type.
pub struct Form<T, D>(pub T, pub PhantomData<D>);

impl<S: Send + Sync, T: DeserializeOwned, D: Dialect> FromRequest<S> for Form<T, D> {
    type Rejection = Rejected<D>;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Rejected<D>> {
        let content_type = content_type(request.headers());
        if content_type == ContentType::Multipart {
            return Ok(Self(decode_multipart(request).await?, PhantomData));
        }
        let body = read_body(request).await?;
        let value = match content_type {
            _ if body.is_empty() => decode_json(&body)?,
            ContentType::Json => decode_json(&body)?,
            ContentType::UrlEncoded => decode_url_encoded(&body)?,
            _ => return Err(Rejection::UnsupportedMediaType { expected: "application/json" }.into()),
        };
        Ok(Self(value, PhantomData))
    }
}

async fn decode_multipart<T: DeserializeOwned>(request: Request) -> Result<T, Rejection> {
    let limit = request.extensions().get::<BodyLimit>().map_or(BODY_BYTES_DEFAULT, |limit| limit.0);
    let mut parts = Parts::new(request, limit as u64)?;
    let mut pairs = Vec::new();
    while let Some(head) = parts.next().await? {
        if pairs.len() >= FIELDS_MAX {
            return Err(Rejection::TooLarge { limit: FIELDS_MAX as u64, what: "fields" });
        }
        if head.file_name.is_some() {
            return Err(Rejection::invalid(head.name, "cannot be a file"));
        }
        let text = parts.text(&head.name, limit).await?;
        pairs.push((head.name, text));
    }
    decode_pairs(&pairs)
}
