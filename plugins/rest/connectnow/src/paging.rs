//! Pages of lists, with links to the others.

use natter_rest::{Limit, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// From 1.
    #[serde(default)]
    pub(crate) page: Page,
    /// Items of a page, at most 100.
    #[serde(default)]
    pub(crate) per_page: Limit<25, 100>,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ListOf<T> {
    /// The items.
    pub(crate) data: Vec<T>,
    /// Where other pages are.
    pub(crate) links: Links,
    /// What page this is.
    pub(crate) meta: Meta,
}

/// Where pages are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Links {
    first: String,
    last: String,
    prev: Option<String>,
    next: Option<String>,
}

/// What page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Meta {
    current_page: u64,
    last_page: u64,
    per_page: u64,
    total: u64,
}

impl PageQuery {
    /// Items before the page.
    pub(crate) fn offset(&self) -> usize {
        self.page.offset(self.per_page.get())
    }

    /// The part of a list that is the page.
    pub(crate) fn slice<'a, T>(&self, items: &'a [T]) -> &'a [T] {
        let first = self.offset().min(items.len());
        &items[first..first.saturating_add(self.per_page.get()).min(items.len())]
    }

    /// The page at a URL, of a list of so many items.
    pub(crate) fn list<T>(&self, data: Vec<T>, total: u64, url: &str) -> ListOf<T> {
        let (page, per_page) = (u64::from(self.page.get()), self.per_page.get() as u64);
        let last_page = total.div_ceil(per_page).max(1);
        let size = if self.per_page == Limit::default() { String::new() } else { format!("&per_page={per_page}") };
        let link = |page: u64| format!("{url}?page={page}{size}");
        let links = Links {
            first: link(1),
            last: link(last_page),
            prev: (page > 1).then(|| link((page - 1).min(last_page))),
            next: (page < last_page).then(|| link(page + 1)),
        };
        ListOf { data, links, meta: Meta { current_page: page, last_page, per_page, total } }
    }

    /// A page next to a message: it has neighbours, not a number.
    pub(crate) fn beside<T>(&self, data: Vec<T>, total: u64, url: &str, ids: Neighbours) -> ListOf<T> {
        let whole = self.list(data, total, url);
        let size = format!("&per_page={}", self.per_page.get());
        let link = |name: &str, id: Option<String>| id.map(|id| format!("{url}?{name}={id}{size}"));
        let links = Links { prev: link("before", ids.before), next: link("after", ids.after), ..whole.links };
        ListOf { links, ..whole }
    }
}

/// The messages at the ends of a page behind which there are more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn query(page: u32, per_page: u32) -> PageQuery {
        from_value(json!({ "page": page, "per_page": per_page })).unwrap()
    }

    #[test]
    fn pages_lead_to_each_other() {
        let list = query(2, 10).list(vec![1], 25, "u");
        let expected = json!({"first": "u?page=1&per_page=10", "last": "u?page=3&per_page=10",
            "prev": "u?page=1&per_page=10", "next": "u?page=3&per_page=10"});
        assert_eq!(to_value(&list.links).unwrap(), expected);
        let meta = json!({"current_page": 2, "last_page": 3, "per_page": 10, "total": 25});
        assert_eq!(to_value(list.meta).unwrap(), meta);
        let empty = query(1, 25).list(Vec::<u8>::new(), 0, "u");
        assert_eq!((empty.meta.last_page, empty.links.next, empty.links.first), (1, None, "u?page=1".to_owned()));
        let beyond = query(9, 25).list(Vec::<u8>::new(), 30, "u");
        assert_eq!((beyond.links.prev, beyond.links.next), (Some("u?page=2".to_owned()), None));
    }

    #[test]
    fn slices_end_with_the_list() {
        let items: Vec<u32> = (0..30).collect();
        assert_eq!(query(2, 25).slice(&items), &items[25..]);
        assert!(query(3, 25).slice(&items).is_empty() && query(u32::MAX, 100).slice(&items).is_empty());
    }
}
