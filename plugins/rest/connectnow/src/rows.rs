//! What only this document knows, as rows of the plugin's tenant.
//!
//! | table | partition | row | value |
//! |---|---|---|---|
//! | companies | owner | company | [`Company`] |
//! | chats | owner | chat | its company: finds a caller's chats |
//! | chat users | chat | user | [`Guest`]: the email address |
//! | emails | chat | address in lower case | the user who has it |
//! | codes | chat | address in lower case | [`Code`](crate::codes::Code) |
//! | passwords | chat | | the password |
//! | tokens | 2 digits of the hash | the hash | [`Token`](crate::tokens::Token) |
//! | API tokens | 2 digits of the hash | the hash | [`Known`](crate::api_users::Known) |
//!
//! Ids are written as 24 hex digits.

use natter_chat::rows::Table;
use natter_core::EntityId;
use serde::{Deserialize, Serialize};

use crate::api_users::Known;
use crate::codes::Code;
use crate::tokens::Token;

pub(crate) const COMPANIES: Table<Company> = Table::new("connectnow_companies");
pub(crate) const CHATS: Table<Placed> = Table::new("connectnow_chats");
pub(crate) const GUESTS: Table<Guest> = Table::new("connectnow_chat_users");
pub(crate) const EMAILS: Table<String> = Table::new("connectnow_emails");
pub(crate) const CODES: Table<Code> = Table::new("connectnow_codes");
pub(crate) const PASSWORDS: Table<String> = Table::new("connectnow_passwords");
pub(crate) const TOKENS_TABLE: &str = "connectnow_tokens";
pub(crate) const TOKENS: Table<Token> = Table::new(TOKENS_TABLE);
pub(crate) const API_TOKENS: Table<Known> = Table::new("connectnow_api_tokens");

/// Companies of one caller.
pub(crate) const COMPANIES_MAX: usize = 10_000;
/// Chats of one caller.
pub(crate) const CHATS_MAX: usize = 50_000;
/// Chat users of one chat.
pub(crate) const GUESTS_MAX: usize = 100_000;

/// A company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Company {
    pub(crate) id: EntityId,
    pub(crate) name: String,
    pub(crate) website: Option<String>,
    /// Unix milliseconds.
    pub(crate) created_at: i64,
    /// Unix milliseconds.
    pub(crate) updated_at: i64,
}

/// Where a chat belongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub(crate) company: EntityId,
}

/// A chat user who came through this document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Guest {
    /// The address as it was given.
    pub(crate) email: String,
    /// Unix milliseconds of its last change.
    pub(crate) updated_at: i64,
}

/// The partition of a hash.
pub(crate) fn shelf(hash: &str) -> &str {
    hash.get(..2).unwrap_or_default()
}

/// An address as rows know it.
pub(crate) fn folded(email: &str) -> String {
    email.to_lowercase()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use natter_core::TenantId;
    use natter_store::{MemoryStore, RowKey, Store};

    use super::*;

    /// A row as it was first written; it must stay readable for ever.
    const RECORDED: &[u8] = b"\x01{\"email\":\"Ann@example.com\",\"updated_at\":7}";

    #[tokio::test]
    async fn stored_rows_stay_readable() {
        let (store, tenant) = (MemoryStore::new(), TenantId::new("demo"));
        let (table, partition, row) = ("connectnow_chat_users", "chat".to_owned(), "ann".to_owned());
        let key = RowKey { tenant: tenant.clone(), table, partition, row };
        store.put_row(&key, 0, Bytes::from_static(RECORDED)).await.unwrap();
        let found = GUESTS.get(&store, &tenant, "chat", "ann").await.unwrap().unwrap();
        assert_eq!(found.value, Guest { email: "Ann@example.com".to_owned(), updated_at: 7 });
        GUESTS.put(&store, &tenant, "chat", "ann", &found.value).await.unwrap();
        assert_eq!(store.get_row(&key).await.unwrap().unwrap().value, RECORDED);
    }
}
