//! What an error of the driver means: whether a write may have happened all the same.

use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::statement::Consistency;

use crate::store::StoreError;

/// Whether the server can have begun to do what was asked.
pub(super) fn may_have_happened(error: &ExecutionError) -> bool {
    match error {
        // Refused by the driver before anything was sent.
        ExecutionError::BadQuery(_)
        | ExecutionError::EmptyPlan
        | ExecutionError::PrepareError(_)
        | ExecutionError::ConnectionPoolError(_) => false,
        ExecutionError::LastAttemptError(attempt) => attempt_may_have_happened(attempt),
        _ => true,
    }
}

fn attempt_may_have_happened(error: &RequestAttemptError) -> bool {
    match error {
        RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_)
        | RequestAttemptError::UnableToAllocStreamId => false,
        // Too few replicas to begin with. With another consistency it is said of the last step: the write is decided.
        RequestAttemptError::DbError(DbError::Unavailable { consistency, .. }, _) => {
            !matches!(consistency, Consistency::Serial | Consistency::LocalSerial)
        }
        // Refused by the coordinator before it asked any replica. An overloaded one may have begun.
        RequestAttemptError::DbError(refusal, _) => !matches!(
            refusal,
            DbError::IsBootstrapping
                | DbError::SyntaxError
                | DbError::Invalid
                | DbError::Unauthorized
                | DbError::AuthenticationError
                | DbError::Unprepared { .. }
                | DbError::RateLimitReached { .. }
        ),
        _ => true,
    }
}

/// The same error in the store's words.
pub(super) fn unavailable(error: impl std::error::Error) -> StoreError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    StoreError::Unavailable(text)
}

/// An error of a statement about the schema. What the role may not do, and what the server does not take, stays so however
/// often it is tried; a table that is not known may only not be known yet.
pub(super) fn of_schema(error: ExecutionError) -> StoreError {
    let is_final = matches!(
        &error,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(
            DbError::Unauthorized | DbError::AuthenticationError | DbError::ConfigError | DbError::SyntaxError,
            _
        ))
    );
    match unavailable(error) {
        StoreError::Unavailable(reason) if is_final => StoreError::Invalid(reason),
        error => error,
    }
}

/// The answer to rows that are not as natter writes them.
pub(super) fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

/// Whether an error says that the cluster, and not the request, is at fault.
pub(super) fn is_outage(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::EmptyPlan | ExecutionError::ConnectionPoolError(_) | ExecutionError::RequestTimeout(_) => true,
        ExecutionError::LastAttemptError(RequestAttemptError::BrokenConnectionError(_)) => true,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _)) => matches!(
            error,
            DbError::Unavailable { .. } | DbError::Overloaded | DbError::IsBootstrapping | DbError::ServerError
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use scylla::errors::WriteType;

    use super::*;

    fn answered(error: DbError) -> ExecutionError {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, String::new()))
    }

    fn too_few(consistency: Consistency) -> ExecutionError {
        answered(DbError::Unavailable { consistency, required: 2, alive: 1 })
    }

    #[test]
    fn only_what_cannot_have_begun_is_certain() {
        assert!(!may_have_happened(&too_few(Consistency::Serial)));
        assert!(!may_have_happened(&answered(DbError::Invalid)));
        assert!(!may_have_happened(&ExecutionError::EmptyPlan));
        let (received, required, write_type) = (1, 2, WriteType::Cas);
        let consistency = Consistency::Serial;
        assert!(may_have_happened(&answered(DbError::WriteTimeout { consistency, received, required, write_type })));
        assert!(may_have_happened(&too_few(Consistency::LocalQuorum)));
        assert!(may_have_happened(&answered(DbError::Overloaded)));
        assert!(may_have_happened(&ExecutionError::RequestTimeout(std::time::Duration::from_secs(1))));
    }

    #[test]
    fn a_refused_request_is_no_outage() {
        assert!(is_outage(&too_few(Consistency::Quorum)));
        assert!(!is_outage(&answered(DbError::Invalid)));
    }

    #[test]
    fn a_role_without_rights_is_not_tried_again() {
        for refusal in [DbError::Unauthorized, DbError::ConfigError, DbError::SyntaxError] {
            assert!(matches!(of_schema(answered(refusal)), StoreError::Invalid(_)));
        }
        // "Unconfigured table", where a node has not heard of it yet.
        for passing in [DbError::Invalid, DbError::Overloaded, DbError::ServerError] {
            assert!(matches!(of_schema(answered(passing)), StoreError::Unavailable(_)));
        }
    }
}
