//! The answers of a backend: a result, an error for the client, or the end of its connection.

use natter_node::config::{Proxy, StatusTransform};
use natter_protocol::centrifuge::codes::Disconnect;
use natter_protocol::centrifuge::schema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::ProxyError;

/// Largest answer of a backend, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Most bytes of text that a close frame has room for (RFC 6455 section 5.5).
const REASON_BYTES_MAX: usize = 123;

/// What a backend says.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<T> {
    /// It agrees, or has done it.
    Result(T),
    /// The client gets this error.
    Error(schema::Error),
    /// The client's connection ends like this.
    Disconnect(Disconnect),
}

/// What came back over HTTP.
#[derive(Debug)]
pub(super) enum Answered {
    /// The body of an answer with status 200.
    Body(Vec<u8>),
    /// Another status; its body was not read.
    Status(u16),
}

/// What an event's answer means.
pub(super) trait Outcome: Sized + Send + 'static {
    /// How `result` looks in JSON.
    type Wire: DeserializeOwned;

    /// Reads `result`, which the backend may have left out.
    fn read(wire: Option<Self::Wire>) -> Result<Self, ProxyError>;
}

#[derive(Deserialize)]
struct Envelope {
    result: Option<Box<RawValue>>,
    error: Option<WireError>,
    disconnect: Option<WireDisconnect>,
}

#[derive(Deserialize)]
struct WireError {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    message: String,
    #[serde(default)]
    temporary: bool,
}

#[derive(Deserialize)]
struct WireDisconnect {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    reason: String,
}

/// Reads an answer. A disconnect counts before an error, an error before a result.
pub(super) fn read<T: Outcome>(answered: Answered, settings: &Proxy) -> Result<Answer<T>, ProxyError> {
    let body = match answered {
        Answered::Body(body) => body,
        Answered::Status(status) => return transform(status, &settings.http.status_to_code_transforms),
    };
    let envelope: Envelope = serde_json::from_slice(&body)?;
    if let Some(WireDisconnect { code, reason }) = envelope.disconnect {
        return disconnect(code, reason);
    }
    if let Some(WireError { code, message, temporary }) = envelope.error {
        return Ok(Answer::Error(schema::Error { code, message, temporary }));
    }
    let result = envelope.result.map(|result| object(&result)).transpose()?;
    T::read(result).map(Answer::Result)
}

/// Reads a result. An empty array, as some languages write an empty object, must not pass for one: a connection would
/// be let in without anybody having said so.
fn object<W: DeserializeOwned>(result: &RawValue) -> Result<W, ProxyError> {
    match result.get().starts_with('{') {
        true => Ok(serde_json::from_str(result.get())?),
        false => Err(ProxyError::Malformed("the result is no object".to_owned())),
    }
}

fn transform<T>(status: u16, transforms: &[StatusTransform]) -> Result<Answer<T>, ProxyError> {
    let known = transforms.iter().find(|transform| transform.status_code == status);
    let Some(transform) = known else { return Err(ProxyError::Status(status)) };
    match (&transform.to_error, &transform.to_disconnect) {
        (Some(to), _) => {
            let (message, temporary) = (to.message.clone(), to.temporary);
            Ok(Answer::Error(schema::Error { code: to.code, message, temporary }))
        }
        (None, Some(to)) => disconnect(to.code, to.reason.clone()),
        (None, None) => Err(ProxyError::Status(status)),
    }
}

/// A close frame cannot carry every number or any length of text.
fn disconnect<T>(code: u32, mut reason: String) -> Result<Answer<T>, ProxyError> {
    let code = u16::try_from(code).ok().filter(|code| (3000..5000).contains(code));
    let code = code.ok_or_else(|| ProxyError::Malformed("a disconnect code is 3000 to 4999".to_owned()))?;
    reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
    Ok(Answer::Disconnect(Disconnect::new(code, reason)))
}
