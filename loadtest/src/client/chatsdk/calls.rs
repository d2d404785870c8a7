//! The calls that runs make (ChatSDK REST API reference; `clientId` and the shape of a page as natter's documents say).

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use ureq::http::Method;

use super::{CallError, Channel, ChatSdk, Message, Page, ReadMark, Token};

/// Messages of one page: the most that the API gives.
const PAGE: usize = 200;

/// Users that one call may bring.
const USERS_MAX: usize = 1000;

type Answer<T> = Result<T, CallError>;

impl ChatSdk {
    /// Makes sure that these users exist. Server-side.
    ///
    /// # Errors
    /// When a call has no result or any user was refused.
    pub fn sync_users(&self, ids: &[String]) -> Answer<()> {
        #[derive(Deserialize)]
        struct Synced {
            errors: Vec<Value>,
        }
        for ids in ids.chunks(USERS_MAX) {
            let users: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "name": id })).collect();
            let synced: Synced = self.call(Method::POST, "/api/users/sync", Some(&json!({ "users": users })))?;
            if let Some(error) = synced.errors.first() {
                return Err(CallError::Refused(200, error.to_string()));
            }
        }
        Ok(())
    }

    /// Tokens for a user. Server-side.
    ///
    /// # Errors
    /// When the call has no result.
    pub fn token(&self, user: &str) -> Answer<Token> {
        self.call(Method::POST, "/tokens", Some(&json!({ "userId": user, "name": user })))
    }

    /// Makes a group of the caller and `members`.
    ///
    /// # Errors
    /// When the call has no result.
    pub fn create_group(&self, name: &str, members: &[String]) -> Answer<Channel> {
        let body = json!({ "name": name, "type": "group", "memberIds": members });
        self.call(Method::POST, "/api/channels", Some(&body))
    }

    /// Sends a message; a repeat with the same `client_id` gives the first one.
    ///
    /// # Errors
    /// When the call has no result.
    pub fn send(&self, channel: &str, client_id: &str, text: &str) -> Answer<Message> {
        let body = json!({ "text": text, "clientId": client_id });
        self.call(Method::POST, &format!("/api/channels/{channel}/messages"), Some(&body))
    }

    /// Replaces the text of a message of one's own.
    ///
    /// # Errors
    /// When the call has no result.
    pub fn edit(&self, channel: &str, message: &str, text: &str) -> Answer<()> {
        let path = format!("/api/channels/{channel}/messages/{message}");
        self.call::<IgnoredAny>(Method::PATCH, &path, Some(&json!({ "text": text }))).map(drop)
    }

    /// Adds a reaction.
    ///
    /// # Errors
    /// When the call has no result.
    pub fn react(&self, channel: &str, message: &str, emoji: &str) -> Answer<()> {
        let path = format!("/api/channels/{channel}/messages/{message}/reactions");
        self.call::<IgnoredAny>(Method::POST, &path, Some(&json!({ "emoji": emoji }))).map(drop)
    }

    /// Takes a reaction of one's own back.
    ///
    /// # Errors
    /// When the call has no result.
    pub fn unreact(&self, channel: &str, message: &str, emoji: &str) -> Answer<()> {
        let path = format!("/api/channels/{channel}/messages/{message}/reactions/{}", percent_encoded(emoji));
        self.call::<IgnoredAny>(Method::DELETE, &path, None).map(drop)
    }

    /// Marks everything up to a message as read; the position afterwards.
    ///
    /// # Errors
    /// When the call has no result.
    pub fn read(&self, channel: &str, message: &str) -> Answer<u64> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Read {
            last_read_seq: u64,
        }
        let path = format!("/api/channels/{channel}/read");
        let read: Read = self.call(Method::POST, &path, Some(&json!({ "messageId": message })))?;
        Ok(read.last_read_seq)
    }

    /// How far every member has read.
    ///
    /// # Errors
    /// When the call has no result.
    pub fn read_status(&self, channel: &str) -> Answer<Vec<ReadMark>> {
        #[derive(Deserialize)]
        struct Status {
            members: Vec<ReadMark>,
        }
        let status: Status = self.call(Method::GET, &format!("/api/channels/{channel}/receipts/read-status"), None)?;
        Ok(status.members)
    }

    /// The page behind number `since`.
    ///
    /// # Errors
    /// When the call has no result.
    pub fn messages_since(&self, channel: &str, since: u64) -> Answer<Page> {
        let path = format!("/api/channels/{channel}/messages?since_seq={since}&limit={PAGE}");
        self.call(Method::GET, &path, None)
    }
}

/// A path segment (RFC 3986, section 2.1): everything but letters and digits is encoded.
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_become_safe_segments() {
        assert_eq!(percent_encoded("👍"), "%F0%9F%91%8D");
        assert_eq!(percent_encoded("a/b"), "a%2Fb");
        assert_eq!(percent_encoded("heart"), "heart");
    }
}
