//! Requests to join a chat.

use natter_rest::{Limit, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::user::CampusUserRef;
use super::value::{CampusId, CampusTime};

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RequestStatus)]
pub(crate) enum CampusRequestStatus {
    Pending,
    Accepted,
    Rejected,
}

/// A request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Request)]
pub(crate) struct CampusRequest {
    #[serde(rename = "_id")]
    pub(crate) id: CampusId,
    pub(crate) user: CampusUserRef,
    pub(crate) chat: CampusId,
    pub(crate) status: CampusRequestStatus,
    pub(crate) created_at: CampusTime,
}

/// Pending requests, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Requests)]
pub(crate) struct CampusRequests {
    pub(crate) requests: Vec<CampusRequest>,
    /// How many there are.
    pub(crate) count: usize,
}

/// Which requests.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct CampusRequestsQuery {
    /// At most 100.
    pub(crate) limit: Limit<10, 100>,
    pub(crate) page: Page,
}
