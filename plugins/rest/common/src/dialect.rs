//! A dialect's shape of an error, and the way of a [`Rejection`] into it.

use std::fmt::{self, Debug, Formatter};
use std::marker::PhantomData;

use axum::http::HeaderValue;
use axum::http::header::{HeaderName, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use metrics::counter;

use crate::rejection::Rejection;

/// The header that names a failed request's entry in the log.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How one API says that something is wrong.
pub trait Dialect: Send + Sync + 'static {
    /// The plugin's name, as in configuration and metrics.
    const NAME: &'static str;

    /// Status, content type and body of an error. Headers that go with the kind of error are added to it.
    fn render(rejection: &Rejection) -> Response;
}

/// The whole answer to a rejection: the dialect's shape with `Retry-After` or `X-Request-Id`, counted.
pub fn reject<D: Dialect>(rejection: &Rejection) -> Response {
    count::<D>(rejection);
    let mut response = D::render(rejection);
    let headers = response.headers_mut();
    if let Some(seconds) = rejection.retry_after_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Rejection::Internal { request_id } = rejection
        && let Ok(id) = HeaderValue::try_from(request_id)
    {
        headers.insert(X_REQUEST_ID, id);
    }
    response
}

fn count<D: Dialect>(rejection: &Rejection) {
    match rejection {
        Rejection::Unauthorized(reason) => {
            counter!("natter_auth_failures_total", "plugin" => D::NAME, "reason" => reason.label()).increment(1);
        }
        Rejection::RateLimited { .. } => counter!("natter_limited_total", "scope" => "api").increment(1),
        _ => {}
    }
}

/// A rejection on its way to the client, in a dialect. What the extractors here fail with.
pub struct Rejected<D>(pub Rejection, PhantomData<D>);

impl<D> Rejected<D> {
    /// In the dialect `D`.
    pub fn new(rejection: Rejection) -> Self {
        Self(rejection, PhantomData)
    }
}

impl<D> From<Rejection> for Rejected<D> {
    fn from(rejection: Rejection) -> Self {
        Self::new(rejection)
    }
}

impl<D> Debug for Rejected<D> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<D: Dialect> IntoResponse for Rejected<D> {
    fn into_response(self) -> Response {
        reject::<D>(&self.0)
    }
}
