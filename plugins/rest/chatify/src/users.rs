//! Looking for users.

use natter_chat::User;
use std::sync::Arc;

use crate::admission::Caller;
use crate::chatify::Chatify;
use crate::check;
use crate::errors::ApiError;
use crate::views::UserView;

/// Users of one answer.
const FOUND_MAX: usize = 20;

impl Chatify {
    /// Users who have the keyword as a part of their name or email address, without the caller.
    ///
    /// # Errors
    /// 400 without a keyword.
    pub(crate) async fn find_users(&self, caller: &Caller, keyword: Option<&str>) -> Result<Vec<UserView>, ApiError> {
        let keyword = check::keyword(keyword)?;
        // The caller may be one of those that are found.
        let found: Vec<Arc<User>> = self.chat().search_users(caller.tenant(), FOUND_MAX + 1, keyword).await?;
        let others = found.iter().filter(|user| user.id != caller.id());
        Ok(others.take(FOUND_MAX).map(|user| UserView::of(user)).collect())
    }
}
