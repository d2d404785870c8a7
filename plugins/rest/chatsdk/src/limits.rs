//! How often somebody may call: the document's three limits, each with the tenant's own number where it has one.

use std::sync::Arc;

use natter_node::tenant::Tenant;
use natter_rest::{ClientAddress, Rate, address_key};

use crate::api::Api;

/// What a call counts as, and whose it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call<'a> {
    /// A token is made, for an address.
    Token(ClientAddress),
    /// A user sends a message.
    Message(&'a str),
    /// Anything else with an API key.
    Keyed(&'a str),
    /// A call without an API key that counts, from an address.
    Unknown(ClientAddress),
}

/// Counts a call. Those that name no tenant share one count for each address over all tenants.
pub(crate) fn count(api: &Api, tenant: Option<&Arc<Tenant>>, call: Call<'_>) -> Rate {
    let limits = api.limits();
    let own = tenant.map(|tenant| tenant.settings().limits.clone()).unwrap_or_default();
    let name = tenant.map_or("", |tenant| tenant.id().as_str());
    let of = |scope, key: &str, per_minute| api.rest().limits().take(scope, name, key, per_minute);
    let requests = own.requests_per_minute.unwrap_or(limits.requests_per_minute);
    match call {
        Call::Token(ClientAddress(address)) => {
            let tokens = own.tokens_per_minute.unwrap_or(limits.tokens_per_minute);
            of("chatsdk.tokens", &address_key(address), tokens)
        }
        Call::Message(user) => {
            let messages = own.messages_per_minute.unwrap_or(limits.messages_per_minute);
            of("chatsdk.messages", user, messages)
        }
        Call::Keyed(key) => of("chatsdk.requests", key, requests),
        Call::Unknown(ClientAddress(address)) => of("chatsdk.unknown", &address_key(address), requests),
    }
}
