//! Every method of the API.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::caller::Caller;
use super::error::ApiError;
use super::{batch, channels, history, info, maps, presence, publish, rpc, shared_poll, subscribers};

/// A method's result as JSON.
pub(super) type Outcome = Result<Box<RawValue>, ApiError>;

/// A method at work. Nothing is done before it is waited for.
pub(super) type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A body that is not understood; nothing has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// It is not what the method takes.
    Undecodable,
    /// It holds more commands than `limits.batch_commands_max`.
    TooMany,
}

/// Where the result stands in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// Under `result`.
    Result,
    /// It is the answer.
    None,
}

/// One method.
pub(super) struct Method {
    /// Its name in paths, batches and old SDKs.
    pub(super) name: &'static str,
    /// What very old SDKs call it; `None` for a method that they and batches do not have.
    pub(super) number: Option<u64>,
    pub(super) wrapping: Wrapping,
    /// Reads a request, all of it, and makes ready to answer it.
    pub(super) start: fn(&Arc<Caller>, &str) -> Result<Running, Rejected>,
}

/// All methods, in the order in which a batch looks for the one that a command names.
pub(super) static METHODS: [Method; 21] = [
    method("publish", 0, |caller, body| start(caller, body, publish::publish)),
    method("broadcast", 1, |caller, body| start(caller, body, publish::broadcast)),
    method("subscribe", 11, |caller, body| start(caller, body, subscribers::subscribe)),
    method("unsubscribe", 2, |caller, body| start(caller, body, subscribers::unsubscribe)),
    method("disconnect", 3, |caller, body| start(caller, body, subscribers::disconnect)),
    method("history", 6, |caller, body| start(caller, body, history::history)),
    method("history_remove", 7, |caller, body| start(caller, body, history::history_remove)),
    method("presence", 4, |caller, body| start(caller, body, presence::presence)),
    method("presence_stats", 5, |caller, body| start(caller, body, presence::presence_stats)),
    method("info", 9, |caller, body| start(caller, body, info::info)),
    method("rpc", 10, |caller, body| start(caller, body, rpc::rpc)),
    method("refresh", 12, |caller, body| start(caller, body, subscribers::refresh)),
    method("channels", 8, |caller, body| start(caller, body, channels::channels)),
    method("map_publish", 33, |caller, body| start(caller, body, maps::map_publish)),
    method("map_remove", 34, |caller, body| start(caller, body, maps::map_remove)),
    method("map_read_state", 35, |caller, body| start(caller, body, maps::map_read_state)),
    method("map_read_stream", 36, |caller, body| start(caller, body, maps::map_read_stream)),
    method("map_stats", 37, |caller, body| start(caller, body, maps::map_stats)),
    method("map_clear", 38, |caller, body| start(caller, body, maps::map_clear)),
    method("shared_poll_publish", 39, |caller, body| start(caller, body, shared_poll::publish)),
    Method { name: "batch", number: None, wrapping: Wrapping::None, start: batch::start },
];

/// The method of a path.
pub(super) fn by_name(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

/// The methods that commands of batches and old SDKs can name.
pub(super) fn commands() -> impl Iterator<Item = &'static Method> {
    METHODS.iter().filter(|method| method.number.is_some())
}

const fn method(name: &'static str, number: u64, start: fn(&Arc<Caller>, &str) -> Result<Running, Rejected>) -> Method {
    Method { name, number: Some(number), wrapping: Wrapping::Result, start }
}

/// Reads a request; `null` is an empty one.
fn decode<Q: DeserializeOwned + Default>(body: &str) -> Result<Q, Rejected> {
    Ok(object(body)?.unwrap_or_default())
}

/// Reads an object, or `null`. An array is refused, which the derived readers would take for an object's values.
pub(super) fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<Option<T>, Rejected> {
    if json.trim_start().starts_with('[') {
        return Err(Rejected::Undecodable);
    }
    serde_json::from_str(json).map_err(|_| Rejected::Undecodable)
}

fn start<Q, R, F>(caller: &Arc<Caller>, body: &str, run: fn(Arc<Caller>, Q) -> F) -> Result<Running, Rejected>
where
    Q: DeserializeOwned + Default,
    R: Serialize,
    F: Future<Output = Result<R, ApiError>> + Send + 'static,
{
    let answer = run(Arc::clone(caller), decode(body)?);
    Ok(Box::pin(async move { to_raw_value(&answer.await?).map_err(|_| ApiError::INTERNAL) }))
}
