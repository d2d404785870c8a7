//! `/api/v1/user`.

use axum::extract::State;
use axum::response::Response;
use natter_rest::Query;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::admission::Caller;
use crate::chatify::Chatify;
use crate::envelope::{Failure, Success, ok};
use crate::errors::{ApiError, ChatifyDialect};
use crate::views::UserView;

/// One user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OneUser {
    user: UserView,
}

/// Users.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundUsers {
    users: Vec<UserView>,
}

/// Which users.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UsersQuery {
    /// A part of a name or an email address, in any letter case.
    #[param(required = true)]
    keyword: Option<String>,
}

/// The caller's profile.
#[utoipa::path(
    get,
    path = "/api/v1/user/getme",
    responses(
        (status = 200, body = Success<OneUser>),
        (status = 401, body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn get_me(caller: Caller) -> Response {
    ok(OneUser { user: UserView::of(caller.user()) })
}

/// Users by a part of their name or email address; at most 20, without the caller.
#[utoipa::path(
    get,
    path = "/api/v1/user",
    params(UsersQuery),
    responses(
        (status = 200, body = Success<FoundUsers>),
        (status = 400, description = "No keyword", body = Failure),
        (status = 401, body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn find_users(
    State(chatify): State<Chatify>,
    caller: Caller,
    Query(query, ..): Query<UsersQuery, ChatifyDialect>,
) -> Result<Response, ApiError> {
    Ok(ok(FoundUsers { users: chatify.find_users(&caller, query.keyword.as_deref()).await? }))
}
