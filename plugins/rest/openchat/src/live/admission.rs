//! Which clients are partners': those that show an access token, a scoped token, or, where that is allowed, none.
//!
//! Tokens of other documents are left to their apps: users' tokens are JWTs, Connect Now's have a length of their own. A
//! client that shows nothing at all is refused here, since no other document knows it either.

use std::sync::Arc;

use natter_node::realtime::{Attempt, Identity, Refused, Socket, Verdict};
use serde_json::json;
use url::form_urlencoded;

use super::Live;
use crate::caller::Caller;
use crate::errors::{ApiError, Code};

/// Characters of Connect Now's tokens.
const CONNECT_NOW_CHARACTERS: usize = 60;

/// Who is behind a socket.
pub(super) struct Visitor {
    /// `None` for a client without a token that has named no partner.
    caller: Option<Caller>,
}

impl Visitor {
    /// Who is behind a socket of this app.
    pub(super) fn of(socket: &Socket) -> Option<&Self> {
        socket.state()
    }

    pub(super) fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// When the token ends, in Unix milliseconds, if it does.
    pub(super) fn good_until(&self) -> Option<i64> {
        self.caller.as_ref().and_then(Caller::good_until)
    }
}

impl Live {
    /// Decides about a client.
    pub(super) async fn decide(self, attempt: Attempt) -> Verdict {
        let found = match token(&attempt) {
            Some(token) if belongs_elsewhere(&token) => return Verdict::NotMine,
            Some(token) => self.0.open_chat.accounts().authenticate(&token).await.map(Some),
            None if !self.0.open_chat.settings().allow_anonymous_sockets => return Verdict::Refused(unauthorized()),
            None => match named_partner(&attempt) {
                Some(name) => self.0.open_chat.accounts().without_token(&name).await,
                None => Ok(None),
            },
        };
        match found {
            Ok(caller) => Verdict::Accepted(self.identity(caller)),
            Err(error) => Verdict::Refused(refused(&error)),
        }
    }

    /// A side is the domain's user; a partner is none.
    fn identity(&self, caller: Option<Caller>) -> Identity {
        let tenant = caller.as_ref().map_or(&self.0.nobody, Caller::shared_tenant);
        let scope = caller.as_ref().and_then(Caller::scope);
        let user = scope.map(|side| side.by.member(&side.id)).unwrap_or_default();
        Identity { tenant: Arc::clone(tenant), user: user.into(), state: Arc::new(Visitor { caller }) }
    }
}

/// `auth.token`, else `token` in the query, else `Authorization`; each bare or behind `Bearer`.
fn token(attempt: &Attempt) -> Option<String> {
    let shown = attempt.token().or_else(|| attempt.handshake.authorization.clone())?;
    let shown = shown.trim();
    let bare = match shown.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => shown,
    };
    (!bare.is_empty()).then(|| bare.to_owned())
}

fn belongs_elsewhere(token: &str) -> bool {
    token.contains('.') || token.len() == CONNECT_NOW_CHARACTERS
}

/// The partner that a client without a token names: `username` in what it sends along, or in the query.
fn named_partner(attempt: &Attempt) -> Option<String> {
    let from_query = || {
        let mut pairs = form_urlencoded::parse(attempt.handshake.query.as_bytes());
        pairs.find_map(|(name, value)| (name == "username").then(|| value.into_owned()))
    };
    attempt.auth_text("username").or_else(from_query)
}

fn unauthorized() -> Refused {
    Refused::new("Unauthorized").with_data(&json!({ "code": Code::Unauthorized.as_str() }))
}

fn refused(error: &ApiError) -> Refused {
    let failure = error.failure();
    match failure.code == Code::Unauthorized.as_str() {
        true => unauthorized(),
        false => Refused::new(failure.message).with_data(&json!({ "code": failure.code })),
    }
}

#[cfg(test)]
mod tests {
    use natter_node::realtime::Handshake;

    use super::*;

    fn attempt(auth: &'static str, query: &str, authorization: Option<&str>) -> Attempt {
        let authorization = authorization.map(str::to_owned);
        let handshake = Handshake { query: query.to_owned(), authorization, ..Handshake::default() };
        Attempt { namespace: "/".into(), auth: auth.as_bytes().into(), handshake: Arc::new(handshake) }
    }

    #[test]
    fn a_token_stands_in_one_of_three_places_bare_or_behind_bearer() {
        let of = |auth, query, header| token(&attempt(auth, query, header));
        assert_eq!(of("{\"token\":\"a\"}", "token=b", Some("c")).as_deref(), Some("a"));
        assert_eq!(of("{\"token\":\"Bearer a\"}", "", None).as_deref(), Some("a"));
        assert_eq!(of("{}", "EIO=4&token=b", Some("c")).as_deref(), Some("b"));
        assert_eq!(of("{}", "EIO=4", Some("c")).as_deref(), Some("c"));
        assert_eq!(of("{}", "EIO=4", Some("bearer c")).as_deref(), Some("c"));
        assert_eq!(of("{}", "EIO=4", None), None);
    }

    #[test]
    fn tokens_of_other_documents_are_left_alone() {
        assert!(belongs_elsewhere("eyJ.eyJ.sig") && belongs_elsewhere(&"x".repeat(60)));
        assert!(!belongs_elsewhere(&"x".repeat(100)) && !belongs_elsewhere("nonsense"));
    }

    #[test]
    fn a_partner_is_named_in_the_query_or_beside_it() {
        assert_eq!(named_partner(&attempt("{\"username\":\"a\"}", "username=b", None)).as_deref(), Some("a"));
        assert_eq!(named_partner(&attempt("{}", "EIO=3&username=b%2Dc", None)).as_deref(), Some("b-c"));
        assert_eq!(named_partner(&attempt("{}", "EIO=3", None)), None);
    }
}
