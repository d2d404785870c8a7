//! Queries of lists.

use natter_rest::{Limit, Offset};
use serde::Deserialize;
use utoipa::IntoParams;

/// A part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChatSdkPaging {
    /// Most items; at most 100.
    pub(crate) limit: Limit<50, 100>,
    /// Items to pass over.
    pub(crate) offset: Offset,
}

/// The part of `items` that was asked for.
pub(crate) fn part<T>(items: impl IntoIterator<Item = T>, paging: &ChatSdkPaging) -> Vec<T> {
    items.into_iter().skip(paging.offset.get()).take(paging.limit.get()).collect()
}
