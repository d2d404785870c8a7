//! Entries and changes of a map, as a client is shown them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use natter_core::{Publication, Subscribed};
use natter_protocol::centrifuge::filter::Filter;
use natter_protocol::centrifuge::framing::{EncodeError, Encoding};
use natter_protocol::centrifuge::publication::PublicationRef;
use natter_protocol::centrifuge::schema::Publication as ShownPublication;

use super::paging::Paging;
use crate::codec;

/// How publications are shown.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) encoding: Encoding,
    /// Whether the client expects JSON data as strings.
    pub(super) has_delta: bool,
    /// Whether those of one key may be deltas, each to the one before it.
    pub(super) is_chain: bool,
    pub(super) filter: Option<&'a Filter>,
}

/// The last page of the state and the changes behind the first one.
pub(super) fn show_live(
    paging: &Paging,
    has_delta: bool,
    subscribed: &Subscribed,
    encoding: Encoding,
) -> Result<(Vec<ShownPublication>, Vec<ShownPublication>), EncodeError> {
    let form = |is_chain| Form { encoding, has_delta, is_chain, filter: paging.filter.as_ref() };
    let entries = subscribed.state.as_ref().map_or(&[][..], |page| &page.entries);
    let changes = subscribed.recovery.as_ref().map_or(&[][..], |recovery| &recovery.publications);
    Ok((show(entries, form(false))?, show(changes, form(true))?))
}

/// Those of the publications that pass the filter.
pub(super) fn show(publications: &[Arc<Publication>], form: Form<'_>) -> Result<Vec<ShownPublication>, EncodeError> {
    let no_tags = BTreeMap::new();
    let passes = |publication: &&Arc<Publication>| {
        form.filter.is_none_or(|filter| filter.matches(publication.tags.as_deref().unwrap_or(&no_tags)))
    };
    let mut values: HashMap<&str, &[u8]> = HashMap::new();
    let mut shown = Vec::with_capacity(publications.len());
    for publication in publications.iter().filter(passes) {
        let keyed = publication.keyed.as_deref();
        let key = keyed.map_or("", |keyed| &*keyed.key);
        let is_removed = keyed.is_some_and(|keyed| keyed.removed);
        let base = values.get(key).filter(|_| form.has_delta && form.is_chain && publication.delta && !is_removed);
        let patch = base.and_then(|base| codec::make_patch(form.encoding, base, &publication.data));
        let reference = PublicationRef {
            data: patch.as_deref().unwrap_or(codec::shown_data(form.encoding, form.has_delta, publication)),
            delta: patch.is_some(),
            data_as_string: form.has_delta && form.encoding == Encoding::Json,
            ..codec::reference(publication)
        };
        shown.push(reference.to_publication(form.encoding)?);
        match is_removed {
            true => values.remove(key),
            false => values.insert(key, &publication.data),
        };
    }
    Ok(shown)
}
