//! Long lists in an answer, written while they are made: however many entries, few are held at a time.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use serde::Serialize;
use serde_json::json;

use crate::envelope::{Failure, SUCCESS};
use crate::errors::ApiError;

/// Bytes that are gathered before they are sent.
const CHUNK_BYTES: usize = 64 * 1024;

/// Entries that are made one after the other.
pub(crate) type Entries<T> = BoxStream<'static, Result<T, ApiError>>;

/// 200 with `data` as a list.
pub(crate) fn list<T: Serialize + Send + 'static>(message: &str, entries: Entries<T>) -> Response {
    answer(message, String::new(), entries, "")
}

/// 200 with `data` as an object that has a count and a list; both names are plain.
pub(crate) fn counted<T: Serialize + Send + 'static>(
    message: &str,
    (count_name, count): (&str, usize),
    list_name: &str,
    entries: Entries<T>,
) -> Response {
    answer(message, format!(r#"{{"{count_name}":{count},"{list_name}":"#), entries, "}")
}

fn answer<T: Serialize + Send + 'static>(
    message: &str,
    before: String,
    entries: Entries<T>,
    after: &'static str,
) -> Response {
    let head = format!(r#"{{"status":true,"code":"{SUCCESS}","message":{},"data":{before}["#, json!(message));
    let tail = Bytes::from(format!("]{after}}}"));
    let body = stream::iter([Ok(Bytes::from(head))]).chain(joined(entries)).chain(stream::iter([Ok(tail)]));
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The entries as JSON, with commas between them, in chunks. A failure ends the answer in its middle, since its status
/// has been sent: a client sees that it is not whole.
fn joined<T: Serialize + Send + 'static>(entries: Entries<T>) -> impl Stream<Item = Result<Bytes, Broken>> {
    // A chunk that is not full asks once more after the end.
    let entries: Entries<T> = entries.fuse().boxed();
    stream::unfold((entries, true), async |(mut entries, mut is_first)| {
        let mut chunk = BytesMut::new();
        while chunk.len() < CHUNK_BYTES {
            let Some(entry) = entries.next().await else { break };
            let json = entry.map_err(Broken::from).and_then(|entry| serde_json::to_vec(&entry).map_err(Broken::from));
            match json {
                Ok(json) => {
                    chunk.extend_from_slice(if is_first { b"" } else { b"," });
                    chunk.extend_from_slice(&json);
                    is_first = false;
                }
                Err(broken) => return Some((Err(broken), (stream::empty().boxed(), false))),
            }
        }
        (!chunk.is_empty()).then(|| (Ok(chunk.freeze()), (entries, is_first)))
    })
}

/// An answer ended in its middle.
#[derive(Debug)]
struct Broken(String);

impl std::fmt::Display for Broken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

impl From<ApiError> for Broken {
    fn from(error: ApiError) -> Self {
        let Failure { message, .. } = error.failure();
        tracing::warn!(message, "a list could not be written to its end");
        Self(message)
    }
}

impl From<serde_json::Error> for Broken {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn lists_of_any_length_are_whole() {
        for count in [0, 1, 2, 50_000] {
            let response = list("All", stream::iter((0..count).map(Ok)).boxed());
            let value: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
            assert_eq!(value["data"].as_array().unwrap().len(), count);
        }
        let numbers = stream::unfold(0, async |number| (number < 3).then_some((Ok(number), number + 1)));
        assert!(text(list("Three", numbers.boxed())).await.ends_with(r#""data":[0,1,2]}"#));
        let response = counted("Two \"quoted\"", ("count", 2), "items", stream::iter([Ok("a"), Ok("b")]).boxed());
        let expected =
            r#"{"status":true,"code":"0000","message":"Two \"quoted\"","data":{"count":2,"items":["a","b"]}}"#;
        assert_eq!(text(response).await, expected);
    }

    #[tokio::test]
    async fn a_list_that_fails_ends_in_its_middle() {
        let entries = stream::iter([Ok(1), Err(ApiError::NO_ROOM), Ok(2)]).boxed();
        assert!(axum::body::to_bytes(list("", entries).into_body(), usize::MAX).await.is_err());
    }
}
