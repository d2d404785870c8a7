//! The two sides of a room, and the domain's users that they are.
//!
//! The domain knows a side as the user `shop:<id>` or `user:<id>`. A partner's id may have any characters and be longer
//! than a user's id may be: what cannot stand in one is written `|` and two hexadecimal digits for each byte, and an id
//! that is too long then, by its hash. The way back leads through the room, which has the ids as they were given.

use natter_rest::sha256_hex;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Bytes of a user's id in the domain.
const USER_ID_MAX: usize = 128;
/// Begins a byte that a user's id cannot have.
const ESCAPE: char = '|';
/// Begins the hash of an id that is too long.
const HASHED: &str = "||";

/// A side of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The shop.
    Shop,
    /// Its customer.
    User,
}

impl Side {
    /// Its name in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::User => "user",
        }
    }

    /// Reads a name of the document.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Shop, Self::User].into_iter().find(|side| side.as_str() == text)
    }

    /// The side that gets what this one sends.
    pub fn other(self) -> Self {
        match self {
            Self::Shop => Self::User,
            Self::User => Self::Shop,
        }
    }

    /// The domain's user of this side with a partner's id.
    pub fn member(self, id: &str) -> String {
        let escaped = format!("{}:{}", self.as_str(), escape(id));
        if escaped.len() <= USER_ID_MAX {
            return escaped;
        }
        let digits = sha256_hex(id);
        format!("{}:{HASHED}{digits}", self.as_str())
    }

    /// The side that a user of the domain is, with the partner's id as far as the user's id tells it.
    pub fn of_member(user: &str) -> Option<(Self, String)> {
        let (side, id) = user.split_once(':')?;
        let side = Self::parse(side)?;
        Some((side, unescape(id).unwrap_or_else(|| id.to_owned())))
    }
}

/// A shop or a user by the partner's own id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct SideId {
    /// Which side.
    pub by: Side,
    /// The partner's id, 1 to 128 characters.
    pub id: String,
}

fn escape(id: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@+:".contains(&byte);
    let escaped = id.bytes().map(|byte| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("{ESCAPE}{byte:02x}"),
    });
    escaped.collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split(ESCAPE);
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ids_stay_as_they_are() {
        assert_eq!(Side::Shop.member("shop_001"), "shop:shop_001");
        assert_eq!(Side::of_member("user:a:b"), Some((Side::User, "a:b".to_owned())));
        assert_eq!(Side::of_member("alice"), None);
        assert_eq!(Side::of_member("guest:alice"), None);
    }

    #[test]
    fn any_id_has_a_user_of_its_own() {
        let long = "x".repeat(128);
        let ids = ["a b", "a|20b", "a|b", "ü", "a/b", "%", long.as_str(), &"ü".repeat(128)];
        let members: std::collections::HashSet<String> = ids.iter().map(|id| Side::User.member(id)).collect();
        assert_eq!(members.len(), ids.len());
        assert!(members.iter().all(|member| member.len() <= USER_ID_MAX && member.is_ascii()));
        for id in &ids[..6] {
            assert_eq!(Side::of_member(&Side::User.member(id)), Some((Side::User, (*id).to_owned())));
        }
    }
}
