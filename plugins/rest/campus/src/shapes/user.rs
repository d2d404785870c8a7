//! Users.

use natter_chat::{User, UserBrief};
use serde::Serialize;
use utoipa::ToSchema;

use super::value::{CampusId, is_false};

/// Where a user's own data in the domain has its username.
pub(crate) const USERNAME: &str = "username";

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct CampusUser {
    #[serde(rename = "_id")]
    pub(crate) id: CampusId,
    pub(crate) name: String,
    pub(crate) username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) photo: Option<String>,
    #[serde(rename = "isOnline", skip_serializing_if = "is_false")]
    pub(crate) is_online: bool,
}

impl CampusUser {
    /// A user as it is now. One without a username has its id.
    pub(crate) fn of(user: &User) -> Self {
        let username = user.profile.custom.get(USERNAME).and_then(serde_json::Value::as_str);
        Self { username: username.unwrap_or(&user.id).to_owned(), ..Self::brief(user.brief()) }
    }

    /// A user of whom nothing but this is known.
    pub(crate) fn brief(user: UserBrief) -> Self {
        Self { id: CampusId(user.entity), name: user.name, username: user.id, photo: user.image, is_online: false }
    }

    pub(crate) fn online(self, is_online: bool) -> Self {
        Self { is_online, ..self }
    }
}

/// A user, or its id alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = UserRef)]
pub(crate) enum CampusUserRef {
    User(CampusUser),
    Id(CampusId),
}
