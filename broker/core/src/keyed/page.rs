//! Pages of the state. A cursor names the last entry of a page rather than its number, so that entries which come and go
//! shift nothing: whatever passes a reader by has changed since its first page.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::request::StateQuery;
use super::state::{Entry, KeyedState};
use crate::{Publication, Tags};

/// A page ends early when it is this large.
const PAGE_BYTES_MAX: usize = 512 * 1024;
/// Stands between the score and the key in the cursor of an ordered channel.
const SEPARATOR: char = '\0';

/// Whether publications may be sent together.
pub(super) fn fits(publications: &[Arc<Publication>]) -> bool {
    bytes_of(publications) <= PAGE_BYTES_MAX
}

fn bytes_of(publications: &[Arc<Publication>]) -> usize {
    publications.iter().map(|publication| weight(publication)).sum()
}

/// What a publication takes up, in bytes.
pub(super) fn weight(publication: &Publication) -> usize {
    let keyed = publication.keyed.as_deref();
    let key = keyed.map_or(0, |keyed| keyed.key.len() + keyed.previous.as_ref().map_or(0, Bytes::len));
    publication.data.len() + key + tags_weight(publication.tags.as_deref())
}

/// What labels take up, in bytes.
pub(super) fn tags_weight(tags: Option<&Tags>) -> usize {
    tags.map_or(0, |tags| tags.iter().map(|(name, value)| name.len() + value.len()).sum())
}

/// Leaves of publications what may be sent together, and at least one.
pub(super) fn cut(publications: &mut Vec<Arc<Publication>>) {
    let mut bytes = 0;
    let end = publications.iter().position(|publication| {
        bytes += weight(publication);
        bytes > PAGE_BYTES_MAX
    });
    if let Some(end) = end {
        publications.truncate(end.max(1));
    }
}

impl KeyedState {
    /// The entries of a page that are no newer than `change`, and the cursor for the next page.
    pub(super) fn page(&self, query: &StateQuery, ordered: bool, change: u64) -> (Vec<Arc<Publication>>, String) {
        match (ordered, query.ascending) {
            (false, _) => collect(self.behind_key(&query.cursor), query.limit, change, |key, _| key.to_owned()),
            (true, true) => collect(self.behind_score(&query.cursor), query.limit, change, scored),
            (true, false) => collect(self.before_score(&query.cursor), query.limit, change, scored),
        }
    }

    fn behind_key(&self, cursor: &str) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        let from = if cursor.is_empty() { Bound::Unbounded } else { Bound::Excluded(cursor) };
        self.entries.range::<str, _>((from, Bound::Unbounded))
    }

    fn behind_score(&self, cursor: &str) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        let from = position(cursor).map_or(Bound::Unbounded, Bound::Excluded);
        self.entries_of(self.by_score.range((from, Bound::Unbounded)))
    }

    fn before_score(&self, cursor: &str) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        let to = position(cursor).map_or(Bound::Unbounded, Bound::Excluded);
        self.entries_of(self.by_score.range((Bound::Unbounded, to)).rev())
    }

    fn entries_of<'a>(
        &'a self,
        keys: impl Iterator<Item = &'a (i64, Arc<str>)>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Entry)> {
        keys.filter_map(|(_, key)| self.entries.get_key_value(key))
    }
}

/// Score and key of an ordered channel's cursor; one that is none begins at the beginning.
fn position(cursor: &str) -> Option<(i64, Arc<str>)> {
    let (score, key) = cursor.split_once(SEPARATOR)?;
    Some((score.parse().ok()?, key.into()))
}

fn scored(key: &str, publication: &Publication) -> String {
    let score = publication.keyed.as_ref().map_or(0, |keyed| keyed.score);
    format!("{score}{SEPARATOR}{key}")
}

fn collect<'a>(
    entries: impl Iterator<Item = (&'a Arc<str>, &'a Entry)>,
    limit: usize,
    change: u64,
    cursor_at: impl Fn(&str, &Publication) -> String,
) -> (Vec<Arc<Publication>>, String) {
    let mut entries = entries.peekable();
    let mut page = Vec::new();
    let (mut seen, mut bytes) = (0, 0);
    while seen < limit && bytes < PAGE_BYTES_MAX {
        let Some((key, Entry { publication, .. })) = entries.next() else { break };
        seen += 1;
        // What is newer than the reader's first page comes to it as a change.
        if publication.seq <= change {
            bytes += weight(publication);
            page.push(Arc::clone(publication));
        }
        let is_full = seen == limit || bytes >= PAGE_BYTES_MAX;
        if is_full && entries.peek().is_some() {
            return (page, cursor_at(key, publication));
        }
    }
    (page, String::new())
}
