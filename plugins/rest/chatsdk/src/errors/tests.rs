//! The table of errors.

use axum::body::to_bytes;
use natter_chat::Missing;
use natter_rest::FieldError;
use serde_json::Value;

use super::*;

async fn shown(problem: Problem) -> (u16, String, String) {
    let (parts, body) = problem.into_response().into_parts();
    let body: Value = serde_json::from_slice(&to_bytes(body, 10_000).await.unwrap()).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1);
    let text = |name: &str| body["error"][name].as_str().unwrap().to_owned();
    (parts.status.as_u16(), text("code"), text("message"))
}

#[tokio::test]
async fn refusals_of_the_domain_have_the_document_s_codes() {
    for (error, status, code) in [
        (ChatError::NotFound(Missing::Channel), 404, "NOT_FOUND"),
        (ChatError::Revoked, 401, "INVALID_TOKEN"),
        (ChatError::Forbidden("no"), 403, "FORBIDDEN"),
        (ChatError::invalid("text", "must not be empty"), 400, "VALIDATION_ERROR"),
        (ChatError::Conflict("no"), 409, "CONFLICT"),
        (ChatError::KeyReused, 422, "IDEMPOTENCY_MISMATCH"),
        (ChatError::Unavailable, 503, "UNAVAILABLE"),
        (ChatError::Internal, 500, "INTERNAL_ERROR"),
    ] {
        let (found, name, _) = shown(error.clone().into()).await;
        assert_eq!((found, name.as_str()), (status, code), "{error:?}");
    }
}

#[tokio::test]
async fn rejections_have_the_document_s_codes() {
    let field = FieldError { field: "limit".into(), message: "must be a number".into() };
    for (rejection, status, code) in [
        (Rejection::Invalid(vec![field]), 400, "VALIDATION_ERROR"),
        (Rejection::InvalidBody("it ended early".into()), 400, "VALIDATION_ERROR"),
        (Rejection::Unauthorized(Unauthorized::ApiKeyMissing), 401, "UNAUTHORIZED"),
        (Rejection::Unauthorized(Unauthorized::ApiKeyUnknown), 401, "UNAUTHORIZED"),
        (Rejection::Unauthorized(Unauthorized::TokenMissing), 401, "INVALID_TOKEN"),
        (Rejection::Unauthorized(Unauthorized::TokenOfOtherTenant), 401, "INVALID_TOKEN"),
        (Rejection::UnknownRoute, 404, "NOT_FOUND"),
        (Rejection::MalformedPath, 404, "NOT_FOUND"),
        (Rejection::MethodNotAllowed, 405, "METHOD_NOT_ALLOWED"),
        (Rejection::TooLarge { limit: 1, what: "the body" }, 413, "PAYLOAD_TOO_LARGE"),
        (Rejection::UnsupportedMediaType { expected: "JSON" }, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (Rejection::IdempotencyMismatch, 422, "IDEMPOTENCY_MISMATCH"),
        (Rejection::RateLimited { retry_after_seconds: 7 }, 429, "RATE_LIMITED"),
        (Rejection::internal(&"why"), 500, "INTERNAL_ERROR"),
        (Rejection::unavailable(), 503, "UNAVAILABLE"),
    ] {
        let (found, name, message) = shown(rejection.clone().into()).await;
        assert_eq!((found, name.as_str()), (status, code), "{rejection:?}");
        assert!(!message.is_empty() && !message.contains("why"), "{message}");
    }
}

#[tokio::test]
async fn a_message_names_what_is_wrong() {
    let (_, _, message) = shown(ChatError::NotFound(Missing::Channel).into()).await;
    assert_eq!(message, "Channel not found");
    let (_, _, message) = shown(ChatError::invalid("attachments", "at most 10").into()).await;
    assert_eq!(message, "attachments: at most 10");
    let (_, _, message) = shown(Problem::invalid("limit", "must be a number")).await;
    assert_eq!(message, "limit must be a number");
}
