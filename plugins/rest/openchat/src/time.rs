//! Times as the document writes them.

pub(crate) use natter_rest::iso;
