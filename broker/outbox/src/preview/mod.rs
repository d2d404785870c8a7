//! Link previews: what a page says of itself.
//!
//! Pages are read as a stream, up to their head's end or 1 MiB, within 5 seconds and 3 redirects, and only from the public
//! internet. What they say is text of strangers: bounded, on one line, without control characters.

mod cache;
mod error;
mod link;
mod page;
mod previewer;
mod text;
mod urls;
mod video;

pub use error::PreviewError;
pub use link::{LinkPreview, LinkType};
pub use previewer::{LinkPreviewer, LinkPreviewerOptions};
pub use urls::{URLS_MAX, extract_urls};

#[cfg(test)]
mod tests;
