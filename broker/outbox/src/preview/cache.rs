//! Previews that were asked for lately, so that a link that is passed around is fetched once.

use std::time::Duration;

use moka::sync::Cache;

use super::error::PreviewError;
use super::link::LinkPreview;

const FOUND_TIME: Duration = Duration::from_secs(24 * 3600);
/// A link without a preview is asked for again soon, but not by everybody at once.
const MISSING_TIME: Duration = Duration::from_secs(60);
const FOUND_BYTES_MAX: u64 = 16 * 1024 * 1024;
const MISSING_MAX: u64 = 10_000;

/// Both kinds of answers.
#[derive(Clone)]
pub(super) struct PreviewCache {
    found: Cache<String, LinkPreview>,
    missing: Cache<String, PreviewError>,
}

impl PreviewCache {
    pub(super) fn new() -> Self {
        Self {
            found: Cache::builder()
                .time_to_live(FOUND_TIME)
                .weigher(|url: &String, preview| weight(url, preview))
                .max_capacity(FOUND_BYTES_MAX)
                .build(),
            missing: Cache::builder().time_to_live(MISSING_TIME).max_capacity(MISSING_MAX).build(),
        }
    }

    pub(super) fn get(&self, url: &str) -> Option<Result<LinkPreview, PreviewError>> {
        self.found.get(url).map(Ok).or_else(|| self.missing.get(url).map(Err))
    }

    pub(super) fn put(&self, url: &str, result: &Result<LinkPreview, PreviewError>) {
        match result {
            Ok(preview) => self.found.insert(url.to_owned(), preview.clone()),
            Err(error) => self.missing.insert(url.to_owned(), error.clone()),
        }
    }
}

/// About the bytes that an entry takes.
fn weight(url: &str, preview: &LinkPreview) -> u32 {
    let texts = [&preview.title, &preview.description, &preview.image, &preview.site_name, &preview.author];
    let bytes: usize = texts.into_iter().flatten().map(String::len).sum();
    u32::try_from(2 * url.len() + bytes + size_of::<LinkPreview>()).unwrap_or(u32::MAX)
}
