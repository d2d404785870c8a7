//! What an event of a channel says: `{type, payload}` (ChatSDK, event types).

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::chatsdk::Message;
use crate::oracle::chat::News;

/// Events of state, which have no offset and are not recovered.
const STATE: [&str; 6] =
    ["read.updated", "read_receipt", "typing.start", "typing.stop", "presence.online", "presence.offline"];

/// An event, by what it promises.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::scenario::durability) enum ChatNews {
    /// It tells of state.
    State,
    /// It belongs to the channel's durable log.
    Content(News),
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
    payload: Value,
}

#[derive(Deserialize)]
struct WithMessage {
    message: Message,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WithReaction {
    message_id: String,
    emoji: String,
    user_id: String,
}

impl ChatNews {
    /// Reads a publication's data. What is not understood is content that says nothing, which the judge will miss.
    pub(in crate::scenario::durability) fn read(data: &[u8]) -> Self {
        let Ok(Event { r#type, payload }) = serde_json::from_slice(data) else {
            return Self::Content(News::Other("no event".into()));
        };
        if STATE.contains(&r#type.as_str()) {
            return Self::State;
        }
        let news = match r#type.as_str() {
            "message.new" => {
                take(payload).map(|WithMessage { message: Message { id, seq, text, .. } }| News::New { id, seq, text })
            }
            "message.updated" => {
                take(payload).map(|WithMessage { message: Message { id, text, .. } }| News::Updated { id, text })
            }
            "reaction.added" => take(payload).map(|reaction: WithReaction| reaction.news(true)),
            "reaction.removed" => take(payload).map(|reaction: WithReaction| reaction.news(false)),
            _ => None,
        };
        Self::Content(news.unwrap_or(News::Other(r#type)))
    }
}

impl WithReaction {
    fn news(self, added: bool) -> News {
        News::Reaction { message: self.message_id, emoji: self.emoji, user: self.user_id, added }
    }
}

fn take<T: DeserializeOwned>(payload: Value) -> Option<T> {
    serde_json::from_value(payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_apart() {
        let read = |text: &str| ChatNews::read(text.as_bytes());
        let message = r#"{"id": "m", "seq": 7, "text": "hello", "reactions": []}"#;
        let new = read(&format!(r#"{{"type": "message.new", "payload": {{"message": {message}}}}}"#));
        assert_eq!(new, ChatNews::Content(News::New { id: "m".into(), seq: 7, text: "hello".into() }));
        let updated = read(&format!(r#"{{"type": "message.updated", "payload": {{"message": {message}}}}}"#));
        assert_eq!(updated, ChatNews::Content(News::Updated { id: "m".into(), text: "hello".into() }));
        let removed =
            read(r#"{"type": "reaction.removed", "payload": {"messageId": "m", "emoji": "👍", "userId": "u"}}"#);
        let (message, emoji, user) = ("m".into(), "👍".into(), "u".into());
        assert_eq!(removed, ChatNews::Content(News::Reaction { message, emoji, user, added: false }));
        assert_eq!(read(r#"{"type": "typing.start", "payload": {}}"#), ChatNews::State);
        let other = |name: &str| ChatNews::Content(News::Other(name.into()));
        assert_eq!(read(r#"{"type": "channel.updated", "payload": {}}"#), other("channel.updated"));
        assert_eq!(read(r#"{"type": "message.new", "payload": {}}"#), other("message.new"));
        assert_eq!(read("null"), other("no event"));
    }
}
