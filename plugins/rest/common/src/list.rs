//! Long lists in an answer, written while they are made: however many entries, few are held at a time.

use std::fmt::Display;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use serde::Serialize;

/// Bytes that are gathered before they are sent.
const CHUNK_BYTES: usize = 64 * 1024;

/// Entries that are made one after the other.
pub type Entries<T, E> = BoxStream<'static, Result<T, E>>;

/// 200 with a JSON text: `head`, the entries as an array, `tail`.
///
/// An entry that fails ends the answer in its middle, since its status has been sent: a client sees that it is not whole.
pub fn streamed_list<T, E>(head: String, entries: Entries<T, E>, tail: &'static str) -> Response
where
    T: Serialize + Send + 'static,
    E: Display + Send + 'static,
{
    let head = Bytes::from(head + "[");
    let tail = Bytes::from(format!("]{tail}"));
    let body = stream::iter([Ok(head)]).chain(joined(entries)).chain(stream::iter([Ok(tail)]));
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The entries as JSON, with commas between them, in chunks.
fn joined<T, E>(entries: Entries<T, E>) -> impl Stream<Item = Result<Bytes, Broken>>
where
    T: Serialize + Send + 'static,
    E: Display + Send + 'static,
{
    // A chunk that is not full asks once more after the end.
    let entries: Entries<T, E> = entries.fuse().boxed();
    stream::unfold((entries, true), async |(mut entries, mut is_first)| {
        let mut chunk = BytesMut::new();
        while chunk.len() < CHUNK_BYTES {
            let Some(entry) = entries.next().await else { break };
            match json_of(entry) {
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

fn json_of<T: Serialize, E: Display>(entry: Result<T, E>) -> Result<Vec<u8>, Broken> {
    let json = entry.map_err(|error| error.to_string());
    json.and_then(|entry| serde_json::to_vec(&entry).map_err(|error| error.to_string())).map_err(|message| {
        tracing::warn!(message, "a list could not be written to its end");
        Broken(message)
    })
}

/// An answer ended in its middle.
#[derive(Debug)]
struct Broken(String);

impl Display for Broken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

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
            let entries = stream::iter((0..count).map(Ok::<_, String>)).boxed();
            let response = streamed_list(r#"{"data":"#.to_owned(), entries, "}");
            let value: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
            assert_eq!(value["data"].as_array().unwrap().len(), count);
        }
        let numbers = stream::unfold(0, async |number| (number < 3).then_some((Ok::<_, String>(number), number + 1)));
        assert_eq!(text(streamed_list(String::new(), numbers.boxed(), "")).await, "[0,1,2]");
    }

    #[tokio::test]
    async fn a_list_that_fails_ends_in_its_middle() {
        let entries = stream::iter([Ok(1), Err("no".to_owned()), Ok(2)]).boxed();
        let response = streamed_list(String::new(), entries, "");
        assert!(axum::body::to_bytes(response.into_body(), usize::MAX).await.is_err());
    }
}
