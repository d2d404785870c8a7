//! The messages of a run: unique ids, and payloads whose bytes are compared by hash.

use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

/// One message to publish.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// Unique in the run.
    pub(super) id: String,
    /// A JSON object without white space.
    pub(super) payload: String,
}

impl Message {
    /// Message `number` of a publisher; sizes vary from small to a few hundred bytes, so that records do not align.
    pub(super) fn new(publisher: usize, number: u64) -> Self {
        let id = format!("p{publisher}-{number}");
        let padding = "x".repeat((xxh3_64(id.as_bytes()) % 300) as usize);
        let payload = format!("{{\"id\":\"{id}\",\"x\":\"{padding}\"}}");
        Self { id, payload }
    }

    /// The hash that the log has.
    pub(super) fn hash(&self) -> u64 {
        hash(self.payload.as_bytes())
    }
}

/// The hash of a payload.
pub(super) fn hash(payload: &[u8]) -> u64 {
    xxh3_64(payload)
}

/// The id in a payload; empty when the payload is not one of these messages, which no publish has.
pub(super) fn id(payload: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    serde_json::from_slice::<Id>(payload).map(|message| message.id).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_again() {
        let message = Message::new(3, 99);
        assert_eq!(id(message.payload.as_bytes()), "p3-99");
        assert_eq!(message.hash(), Message::new(3, 99).hash());
        assert_ne!(message.hash(), Message::new(3, 98).hash());
        assert_eq!(id(b"null"), "");
    }
}
