//! What the API answers with, as far as a run reads it.

use serde::Deserialize;

/// `POST /tokens`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// For REST calls.
    pub token: String,
    /// For the real-time connection.
    pub ws_token: String,
    /// The application that channel names of the real-time connection begin with.
    #[serde(default)]
    pub app_id: String,
}

/// `POST /api/channels`.
#[derive(Debug, Clone, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: String,
}

/// A message, of REST and of an event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// Its number in the channel, from 1.
    pub seq: u64,
    /// Its text; empty when the message was deleted.
    #[serde(default)]
    pub text: String,
    /// Who reacted to it.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
}

/// One kind of reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reaction {
    /// The emoji or name.
    #[serde(rename = "type")]
    pub emoji: String,
    /// How many users gave it.
    pub count: u64,
    /// The first of them.
    #[serde(default)]
    pub users: Vec<User>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The application's own id.
    pub id: String,
}

/// `GET /api/channels/:id/messages`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// In ascending order of `seq`.
    pub messages: Vec<Message>,
    /// The channel's newest number.
    pub max_seq: u64,
    /// Whether there are later ones.
    pub has_more: bool,
}

/// One member of `GET /api/channels/:id/receipts/read-status`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadMark {
    /// Whose.
    pub user_id: String,
    /// Everything up to here is read.
    #[serde(default)]
    pub last_read_seq: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documents_message() {
        let text = r#"{"messages": [{"id": "m", "channelId": "c", "userId": "user-1", "text": "Hello @user-2!", "seq": 42,
            "reactions": [{"type": "👍", "count": 2, "own": true, "users": [{"id": "u", "name": "Ann", "image": null}]}],
            "mentions": ["user-2"], "attachments": []}, {"id": "d", "seq": 43, "deletedAt": "2024-01-01T00:00:00Z"}],
            "maxSeq": 100, "hasMore": true}"#;
        let page: Page = serde_json::from_str(text).unwrap();
        assert_eq!((page.max_seq, page.has_more, page.messages.len()), (100, true, 2));
        assert_eq!(page.messages[0].reactions[0].users[0].id, "u");
        assert_eq!((page.messages[1].seq, page.messages[1].text.as_str()), (43, ""));
    }
}
