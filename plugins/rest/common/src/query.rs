//! The query of a URL.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::dialect::{Dialect, Rejected};
use crate::rejection::Rejection;
use crate::serde_error::{field_path, field_rejection};

/// The query; taken apart as `Query(query, ..): Query<T, D>`. A wrong value is a validation error with its name.
pub struct Query<T, D>(pub T, pub PhantomData<D>);

impl<S: Send + Sync, T: DeserializeOwned, D: Dialect> FromRequestParts<S> for Query<T, D> {
    type Rejection = Rejected<D>;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejected<D>> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(decode_url_encoded(query.as_bytes())?, PhantomData))
    }
}

/// Decodes `a=1&b=2`. Bytes that are no UTF-8 are replaced, as browsers do.
pub(crate) fn decode_url_encoded<T: DeserializeOwned>(text: &[u8]) -> Result<T, Rejection> {
    let decoder = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(decoder).map_err(|error| {
        let path = field_path(error.path());
        field_rejection(&path, &error.into_inner().to_string())
    })
}

/// Decodes fields whose values are texts.
pub(crate) fn decode_pairs<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Rejection> {
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    decode_url_encoded(encoded.extend_pairs(pairs).finish().as_bytes())
}
