//! Publishing through the server API, where an idempotency key makes a repeat safe (Centrifugo server API, publish).

use std::time::Duration;

use serde::Deserialize;

use super::message::Message;
use crate::oracle::{Outcome, Position};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One keep-alive connection to the server API.
#[derive(Debug)]
pub(super) struct PublishApi {
    agent: ureq::Agent,
    url: String,
    api_key: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    result: Option<Published>,
    error: Option<Refused>,
}

#[derive(Debug, Deserialize)]
struct Published {
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    epoch: String,
}

#[derive(Debug, Deserialize)]
struct Refused {
    code: u32,
}

impl PublishApi {
    /// A client of the API at `base`.
    pub(super) fn new(base: &str, api_key: &str) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        Self { agent: config.into(), url: format!("{base}/publish"), api_key: api_key.to_owned() }
    }

    /// Publishes once.
    pub(super) fn publish(&self, channel: &str, message: &Message) -> Outcome {
        let (id, payload) = (&message.id, &message.payload);
        let body = format!("{{\"channel\":\"{channel}\",\"idempotency_key\":\"{id}\",\"data\":{payload}}}");
        let request = self.agent.post(&self.url).header("X-API-Key", &self.api_key);
        let Ok(mut response) = request.header("Content-Type", "application/json").send(&body) else {
            return Outcome::Unknown;
        };
        let status = u32::from(response.status().as_u16());
        if status != 200 {
            return Outcome::Error(status);
        }
        response.body_mut().read_to_string().map_or(Outcome::Unknown, |answer| read(&answer))
    }
}

/// What an answer with status 200 means; one that is cut short means nothing.
fn read(answer: &str) -> Outcome {
    match serde_json::from_str(answer) {
        Ok(Answer { error: Some(Refused { code }), .. }) => Outcome::Error(code),
        Ok(Answer { result: Some(Published { offset, epoch }), .. }) => {
            Outcome::Ok((offset > 0).then_some(Position { offset, epoch }))
        }
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let position = Position { offset: 7, epoch: "e".into() };
        assert_eq!(read("{\"result\":{\"offset\":7,\"epoch\":\"e\"}}"), Outcome::Ok(Some(position)));
        assert_eq!(read("{\"result\":{}}"), Outcome::Ok(None));
        assert_eq!(read("{\"error\":{\"code\":100,\"message\":\"x\"}}"), Outcome::Error(100));
        assert_eq!(read("{\"result\":{\"off"), Outcome::Unknown);
    }
}
