//! `batch`: several methods in one request, each with its own answer.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::caller::Caller;
use super::error::ApiError;
use super::methods::{Outcome, Rejected, Running, commands, object};

/// Commands of a parallel batch that are under way together.
const UNDER_WAY_MAX: usize = 1024;

const NULL: &str = "null";

#[derive(Deserialize)]
struct BatchRequest<'a> {
    #[serde(borrow, default)]
    commands: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    parallel: Option<bool>,
}

/// Reads all commands, of which at most `limits.batch_commands_max` are taken, before any is carried out.
pub(super) fn start(caller: &Arc<Caller>, body: &str) -> Result<Running, Rejected> {
    let request: Option<BatchRequest<'_>> = object(body)?;
    let BatchRequest { commands, parallel } = request.unwrap_or(BatchRequest { commands: None, parallel: None });
    let commands = commands.unwrap_or_default();
    if commands.len() > caller.settings.limits.batch_commands_max {
        return Err(Rejected::TooMany);
    }
    let prepared: Vec<_> = commands.into_iter().map(|command| prepare(caller, command)).collect::<Result<_, _>>()?;
    let under_way_max = if parallel.unwrap_or_default() { UNDER_WAY_MAX } else { 1 };
    Ok(Box::pin(run(prepared, under_way_max)))
}

/// Makes a command ready, which names its method by the one field that it has.
fn prepare(caller: &Arc<Caller>, command: &RawValue) -> Result<Running, Rejected> {
    let fields: Option<HashMap<String, &RawValue>> = object(command.get())?;
    let fields = fields.unwrap_or_default();
    let mut named = commands().filter_map(|method| Some((method, fields.get(method.name)?.get())));
    let Some((method, request)) = named.find(|(_, request)| *request != NULL) else {
        return Ok(Box::pin(async { reply("", Err(ApiError::NOT_FOUND)) }));
    };
    let running = (method.start)(caller, request)?;
    Ok(Box::pin(async { reply(method.name, running.await) }))
}

async fn run(commands: Vec<Running>, under_way_max: usize) -> Outcome {
    let replies: Vec<_> = stream::iter(commands).buffered(under_way_max).collect().await;
    let replies: Vec<_> = replies.into_iter().collect::<Result<_, _>>()?;
    encode(&HashMap::from([("replies", replies)]))
}

/// `{"<method>": result}` or `{"error": …}`.
fn reply(name: &'static str, outcome: Outcome) -> Outcome {
    match outcome {
        Ok(result) => encode(&HashMap::from([(name, result)])),
        Err(error) => encode(&HashMap::from([("error", error)])),
    }
}

fn encode(reply: &impl serde::Serialize) -> Outcome {
    to_raw_value(reply).map_err(|_| ApiError::INTERNAL)
}
