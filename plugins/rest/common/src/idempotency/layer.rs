//! The layer around routes that create.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use sha2::{Digest as _, Sha256};

use super::claim::{Claim, Found, LEASE_MS};
use super::flights::{Boarding, Flight, landed};
use super::row::Answer;
use super::{CallerScope, Digest, IdempotencyKey, key};
use crate::body::{ContentType, content_type, read_body};
use crate::dialect::{Dialect, reject};
use crate::multipart::{DigestSlot, digest_parts};
use crate::rejection::Rejection;
use crate::rest::Rest;
use crate::serve::panicked;

/// Largest answer that passes through; handlers of creating routes answer with what they made, some with 10,000 messages.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How often one that waits looks again after the first one gave up without an answer.
const TRIES_MAX: usize = 8;

/// A layer for routes that create: `.route_layer(from_fn_with_state(rest, idempotent::<D>))`, inside of the layer that
/// puts the [`CallerScope`] into the request's extensions. Requests without the header, and other methods than POST,
/// pass through.
pub async fn idempotent<D: Dialect>(State(rest): State<Arc<Rest>>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    match key_of(&request) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => once::<D>(rest, key, request, next).await.unwrap_or_else(|error| reject::<D>(&error)),
        Err(rejection) => reject::<D>(&rejection),
    }
}

/// A key in its scope.
struct ScopedKey {
    scope: CallerScope,
    digest: Digest,
}

fn key_of(request: &Request) -> Result<Option<ScopedKey>, Rejection> {
    let Some(key) = key::read(request.headers())? else { return Ok(None) };
    let Some(scope) = request.extensions().get::<CallerScope>().cloned() else {
        return Err(Rejection::internal(&"a route with idempotency keys does not say who is calling"));
    };
    // A nested router has cut its prefix off.
    let original = request.extensions().get::<OriginalUri>().map(|OriginalUri(uri)| uri);
    let path = original.unwrap_or(request.uri()).path();
    let digest = key::scoped(&scope, request.method().as_str(), path, key);
    Ok(Some(ScopedKey { scope, digest }))
}

/// Answers a request: with its work if it is the first with its key, else with what the first one got.
async fn once<D: Dialect>(
    rest: Arc<Rest>,
    key: ScopedKey,
    request: Request,
    next: Next,
) -> Result<Response, Rejection> {
    let (request, body) = with_digest(request).await?;
    for _ in 0..TRIES_MAX {
        let landing = match rest.idempotency().flights.board(key.digest, body) {
            Boarding::Full => return Err(Rejection::unavailable()),
            Boarding::Mismatch => return Err(Rejection::IdempotencyMismatch),
            Boarding::Second(landing) => landing,
            Boarding::First(flight) => match rest.idempotency().claim(&key.scope.tenant, &key.digest).await? {
                Found::Answered(answer) => {
                    let answer = Arc::new(answer);
                    flight.land(Arc::clone(&answer));
                    return replay(&answer, request, body).await;
                }
                Found::Claimed(claim) => {
                    let landing = flight.landing();
                    tokio::spawn(work::<D>(rest, flight, claim, request, next, body));
                    let answer = landed(landing).await;
                    return answer.map(|answer| answer.response()).ok_or_else(Rejection::unavailable);
                }
            },
        };
        if let Some(answer) = landed(landing).await {
            return replay(&answer, request, body).await;
        }
    }
    Err(Rejection::unavailable())
}

/// Reads a body that is held whole anyway, and its digest. That of a multipart body is known only at its end, and is made
/// of its parts: the boundary between them is another one in each try.
async fn with_digest(request: Request) -> Result<(Request, Option<Digest>), Rejection> {
    if content_type(request.headers()) == ContentType::Multipart {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    let mut limited = Request::new(body);
    *limited.headers_mut() = parts.headers.clone();
    *limited.extensions_mut() = parts.extensions.clone();
    let body = read_body(limited).await?;
    let digest = Sha256::digest(&body).into();
    Ok((Request::from_parts(parts, Body::from(body)), Some(digest)))
}

/// The first answer again, if it was to the same body.
async fn replay(answer: &Answer, request: Request, body: Option<Digest>) -> Result<Response, Rejection> {
    let Some(first) = answer.request_body else { return Ok(answer.replayed()) };
    let own = match body {
        Some(digest) => digest,
        None => digest_parts(request).await?,
    };
    if own == first { Ok(answer.replayed()) } else { Err(Rejection::IdempotencyMismatch) }
}

/// Does the work to its end, whether or not the client still waits.
async fn work<D: Dialect>(
    rest: Arc<Rest>,
    flight: Flight,
    mut claim: Claim,
    mut request: Request,
    next: Next,
    body: Option<Digest>,
) {
    let slot = DigestSlot::default();
    request.extensions_mut().insert(IdempotencyKey::new(&flight.key()));
    request.extensions_mut().insert(slot.clone());
    let path = request.uri().path().to_owned();
    let mut running = std::pin::pin!(AssertUnwindSafe(next.run(request)).catch_unwind());
    let mut renewal = tokio::time::interval(Duration::from_millis(LEASE_MS.unsigned_abs() / 3));
    renewal.tick().await;
    let outcome = loop {
        tokio::select! {
            outcome = &mut running => break outcome,
            _ = renewal.tick() => rest.idempotency().renew(&mut claim).await,
        }
    };
    let response = outcome.unwrap_or_else(|panic| reject::<D>(&panicked(&path, &*panic)));
    let answer = gathered::<D>(response, body.or_else(|| slot.get())).await;
    rest.idempotency().settle(claim, &answer).await;
    flight.land(Arc::new(answer));
}

async fn gathered<D: Dialect>(response: Response, request_body: Option<Digest>) -> Answer {
    let (parts, body) = response.into_parts();
    match to_bytes(body, ANSWER_BYTES_MAX).await {
        Ok(body) => Answer { request_body, status: parts.status, headers: parts.headers, body },
        Err(error) => {
            let (parts, _) = reject::<D>(&Rejection::internal(&error)).into_parts();
            Answer { request_body: None, status: parts.status, headers: parts.headers, body: Default::default() }
        }
    }
}
