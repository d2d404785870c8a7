//! The variable parts of a path.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::dialect::{Dialect, Rejected};
use crate::rejection::Rejection;

/// The parts of the path; taken apart as `Path(id, ..): Path<T, D>`. What cannot be a `T` is not found.
///
/// A dialect in which a malformed id is 400 takes a `String` and reads it itself.
pub struct Path<T, D>(pub T, pub PhantomData<D>);

impl<S: Send + Sync, T: DeserializeOwned + Send, D: Dialect> FromRequestParts<S> for Path<T, D> {
    type Rejection = Rejected<D>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejected<D>> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value, PhantomData)),
            Err(_) => Err(Rejection::MalformedPath.into()),
        }
    }
}
