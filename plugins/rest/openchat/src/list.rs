//! Long lists in an answer.

use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use crate::envelope::SUCCESS;
use crate::errors::ApiError;

/// Entries that are made one after the other.
pub(crate) type Entries<T> = natter_rest::Entries<T, ApiError>;

/// 200 with `data` as a list.
pub(crate) fn list<T: Serialize + Send + 'static>(message: &str, entries: Entries<T>) -> Response {
    answer(message, "", entries, "}")
}

/// 200 with `data` as an object that has a count and a list; both names are plain.
pub(crate) fn counted<T: Serialize + Send + 'static>(
    message: &str,
    (count_name, count): (&str, usize),
    list_name: &str,
    entries: Entries<T>,
) -> Response {
    answer(message, &format!(r#"{{"{count_name}":{count},"{list_name}":"#), entries, "}}")
}

fn answer<T: Serialize + Send + 'static>(
    message: &str,
    before: &str,
    entries: Entries<T>,
    after: &'static str,
) -> Response {
    let head = format!(r#"{{"status":true,"code":"{SUCCESS}","message":{},"data":{before}"#, json!(message));
    natter_rest::streamed_list(head, entries, after)
}

#[cfg(test)]
mod tests {
    use futures_util::stream::{self, StreamExt};

    use super::*;

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn lists_stand_in_the_envelope() {
        let numbers = list("Three", stream::iter([Ok(0), Ok(1), Ok(2)]).boxed());
        assert_eq!(text(numbers).await, r#"{"status":true,"code":"0000","message":"Three","data":[0,1,2]}"#);
        let response = counted("Two \"quoted\"", ("count", 2), "items", stream::iter([Ok("a"), Ok("b")]).boxed());
        let expected =
            r#"{"status":true,"code":"0000","message":"Two \"quoted\"","data":{"count":2,"items":["a","b"]}}"#;
        assert_eq!(text(response).await, expected);
    }
}
