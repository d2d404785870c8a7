//! Who is calling: the layer around all routes but the one that registers.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use natter_rest::{CallerScope, Rejection, Unauthorized, reject};

use crate::caller::Caller;
use crate::errors::{ApiError, OpenChatDialect};
use crate::open_chat::OpenChat;

/// Lets a request through whose token is good.
pub(crate) async fn admit(State(open_chat): State<OpenChat>, mut request: Request, next: Next) -> Response {
    match authenticate(&open_chat, request.headers()).await {
        Ok(caller) => {
            let scope = CallerScope { tenant: caller.tenant().clone(), caller: caller.label() };
            request.extensions_mut().insert(scope);
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

async fn authenticate(open_chat: &OpenChat, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let token = token(headers).ok_or(Rejection::Unauthorized(Unauthorized::TokenMissing))?;
    open_chat.accounts().authenticate(token).await
}

/// The text of `Authorization`, bare or behind `Bearer`.
fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    };
    (!token.is_empty()).then_some(token)
}

impl FromRequestParts<OpenChat> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _open_chat: &OpenChat) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let error = "a route stands outside of the layer that finds out who is calling";
            reject::<OpenChatDialect>(&Rejection::internal(&error))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_bare_or_behind_bearer() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            token(&headers).map(str::to_owned)
        };
        for value in ["abc", " abc ", "Bearer abc", "bearer  abc"] {
            assert_eq!(of(value).as_deref(), Some("abc"), "{value}");
        }
        assert_eq!(of(""), None);
        assert_eq!(of("Bearer "), Some("Bearer".to_owned()));
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
