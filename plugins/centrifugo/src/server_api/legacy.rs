//! The API as old SDKs call it: commands `{"method", "params"}` one after the other in one body, and as many replies.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::caller::Caller;
use super::error::ApiError;
use super::methods::{Method, Outcome, Rejected, Running, commands, object};

/// Parameters that are not there.
const NO_PARAMS: &str = "{}";

#[derive(Default, Deserialize)]
struct LegacyCommand<'a> {
    #[serde(default)]
    id: Option<u32>,
    #[serde(default)]
    method: Option<MethodName>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// A name in any case, or the number that very old SDKs send.
#[derive(Deserialize)]
#[serde(untagged)]
enum MethodName {
    Number(u64),
    Name(String),
}

impl MethodName {
    fn find(&self) -> Option<&'static Method> {
        commands().find(|method| match self {
            Self::Number(number) => method.number == Some(*number),
            Self::Name(name) => name.eq_ignore_ascii_case(method.name),
        })
    }
}

#[derive(Serialize)]
struct LegacyReply {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ApiError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
}

impl LegacyReply {
    fn new(id: Option<u32>, outcome: Outcome) -> Self {
        let (result, error) = match outcome {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        Self { id, error, result }
    }
}

/// Carries the commands of a body out in order; the replies are separated by newlines. Parameters that are not
/// understood spoil only their own command.
pub(super) async fn answer(caller: &Arc<Caller>, body: &str) -> Result<String, Rejected> {
    let mut replies = Vec::new();
    for (id, prepared) in prepare(caller, body)? {
        let outcome = match prepared {
            Ok(running) => running.await,
            Err(error) => Err(error),
        };
        let reply = serde_json::to_string(&LegacyReply::new(id, outcome));
        replies.push(reply.map_err(|_| Rejected::Undecodable)?);
    }
    Ok(replies.join("\n"))
}

type Prepared = (Option<u32>, Result<Running, ApiError>);

/// Reads all commands, at least one and at most `limits.batch_commands_max`.
fn prepare(caller: &Arc<Caller>, body: &str) -> Result<Vec<Prepared>, Rejected> {
    let mut prepared = Vec::new();
    for command in serde_json::Deserializer::from_str(body).into_iter::<&RawValue>() {
        if prepared.len() == caller.settings.limits.batch_commands_max {
            return Err(Rejected::TooMany);
        }
        let command = command.map_err(|_| Rejected::Undecodable)?;
        let LegacyCommand { id, method, params } = object(command.get())?.unwrap_or_default();
        // Without a method it is number 0.
        let method = method.unwrap_or(MethodName::Number(0)).find().ok_or(ApiError::NOT_FOUND);
        let params = params.map_or(NO_PARAMS, RawValue::get);
        let running = method.and_then(|method| (method.start)(caller, params).map_err(|_| ApiError::BAD_REQUEST));
        prepared.push((id.filter(|id| *id != 0), running));
    }
    if prepared.is_empty() { Err(Rejected::Undecodable) } else { Ok(prepared) }
}
