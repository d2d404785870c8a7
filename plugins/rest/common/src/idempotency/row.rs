//! Rows of the store: a key at work, or its answer.
//!
//! A value is a version byte, the length of a JSON head in four bytes, the head, and the answer's body as it is.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::Digest;
use crate::rate;

/// Largest body of an answer that is kept.
pub(super) const BODY_BYTES_MAX: usize = 256 * 1024;

const VERSION: u8 = 1;
const PREFIX_BYTES: usize = 5;

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// An answer, and the digest of the body that it answered where that was read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) request_body: Option<Digest>,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }

    /// The answer for a repeat. How much of a limit is left is told anew, by whoever limits repeats.
    pub(super) fn replayed(&self) -> Response<Body> {
        let mut response = self.response();
        let headers = response.headers_mut();
        rate::HEADERS.iter().for_each(|name| drop(headers.remove(name)));
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }

    /// Whether a repeat should get it: it was carried out or refused for good, and its request is known.
    pub(super) fn is_final(&self) -> bool {
        const PASSING: [StatusCode; 4] = [
            StatusCode::UNAUTHORIZED,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        let is_small = self.body.len() <= BODY_BYTES_MAX;
        !self.status.is_server_error() && !PASSING.contains(&self.status) && self.request_body.is_some() && is_small
    }
}

/// What a row holds.
#[derive(Debug)]
pub(super) enum State {
    /// Somebody is at work, or was when it died.
    Pending { owner: u64, lease_until_ms: i64 },
    /// The work is done.
    Answered(Answer),
}

/// A row taken apart.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) expires_ms: i64,
    pub(super) state: State,
}

#[derive(Serialize, Deserialize)]
struct Head {
    expires_ms: i64,
    state: HeadState,
}

#[derive(Serialize, Deserialize)]
enum HeadState {
    Pending { owner: u64, lease_until_ms: i64 },
    Answered { request_body: Option<Digest>, status: u16, headers: Vec<(String, String)> },
}

/// The row of a key at work.
pub(super) fn encode_pending(expires_ms: i64, owner: u64, lease_until_ms: i64) -> Bytes {
    encode(&Head { expires_ms, state: HeadState::Pending { owner, lease_until_ms } }, &[])
}

/// The row of a key with its answer.
pub(super) fn encode_answer(expires_ms: i64, answer: &Answer) -> Bytes {
    let (request_body, status, headers) = (answer.request_body, answer.status.as_u16(), texts(&answer.headers));
    encode(&Head { expires_ms, state: HeadState::Answered { request_body, status, headers } }, &answer.body)
}

fn encode(head: &Head, body: &[u8]) -> Bytes {
    // Numbers and texts always have a JSON form.
    let head = serde_json::to_vec(head).unwrap_or_default();
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + head.len() + body.len());
    bytes.put_u8(VERSION);
    bytes.put_u32(u32::try_from(head.len()).unwrap_or_default());
    bytes.put_slice(&head);
    bytes.put_slice(body);
    bytes.freeze()
}

impl Stored {
    /// Reads a row; `None` when it is damaged or of a version that is not known.
    pub(super) fn decode(value: &Bytes) -> Option<Self> {
        let (prefix, rest) = value.split_first_chunk::<PREFIX_BYTES>()?;
        let [VERSION, length @ ..] = *prefix else { return None };
        let length = u32::from_be_bytes(length) as usize;
        let head: Head = serde_json::from_slice(rest.get(..length)?).ok()?;
        let body = value.slice(PREFIX_BYTES + length..);
        let state = match head.state {
            HeadState::Pending { owner, lease_until_ms } => State::Pending { owner, lease_until_ms },
            HeadState::Answered { request_body, status, headers } => {
                let status = StatusCode::from_u16(status).ok()?;
                State::Answered(Answer { request_body, status, headers: header_map(headers), body })
            }
        };
        Some(Self { expires_ms: head.expires_ms, state })
    }
}

/// The headers that belong to the answer itself; those of the transport are made anew each time.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let own = headers.iter().filter(|(name, _)| ![CONTENT_LENGTH, DATE].contains(name));
    own.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect()
}

fn header_map(texts: Vec<(String, String)>) -> HeaderMap {
    let read =
        |(name, value): (String, String)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?));
    let mut headers = HeaderMap::new();
    for (name, value) in texts.into_iter().filter_map(read) {
        headers.append(name, value);
    }
    headers
}
