//! What is known of a file.

use natter_core::TenantId;

use crate::id::FileId;

/// A file that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Where it is.
    pub id: FileId,
    /// The owner.
    pub tenant: TenantId,
    /// What its uploader calls it, cleaned: 1 to 200 bytes, no separators, no control characters.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Its type as its content tells it.
    pub mime: String,
    /// Unix milliseconds.
    pub created_ms: i64,
}

impl StoredFile {
    /// Whether it is an image made of pixels, which can hold no script.
    pub fn is_raster_image(&self) -> bool {
        crate::disposition::is_raster_image(&self.mime)
    }
}
