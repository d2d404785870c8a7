//! The push of a publication, written straight into the outgoing buffer.
//!
//! This is the one message that is encoded for every publication, so that it goes around the schema types: no copy of the
//! body, no allocation but the buffer. A property test holds the result equal to what the schema types encode to.

mod json;
mod protobuf;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use serde::de::IgnoredAny;

use super::framing::{self, EncodeError, Encoding};
use super::schema::{ClientInfo, Publication};

/// A publication as a subscriber is to see it, borrowed from where it is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublicationRef<'a> {
    /// The body, or the patch when `delta` is set.
    pub data: &'a [u8],
    /// Number in the stream; 0 without history.
    pub offset: u64,
    /// Epoch of the stream, if it is to be sent (on the publication with offset 1).
    pub epoch: Option<&'a str>,
    /// Unix time in milliseconds, if it is to be sent.
    pub time_ms: Option<i64>,
    /// Tags.
    pub tags: Option<&'a BTreeMap<String, String>>,
    /// Publisher, when a client published.
    pub info: Option<&'a ClientInfo>,
    /// True when `data` is a patch of the previous publication.
    pub delta: bool,
    /// Key in a map; empty for none.
    pub key: &'a str,
    /// True when the key was deleted.
    pub removed: bool,
    /// Order of the key in a map.
    pub score: i64,
    /// JSON only: write `data` as a JSON string of its text, as subscribers with deltas expect it, patch or not.
    pub data_as_string: bool,
    /// The caller vouches that `data` is valid JSON (by [`is_valid_json`], once per publication); otherwise it is checked
    /// here. Never set it for unchecked data: a body with a brace too many would forge messages.
    pub known_json: bool,
}

impl PublicationRef<'_> {
    /// The schema type with the same content, for replies that list publications.
    ///
    /// # Errors
    /// [`EncodeError::NotJson`] when the body has to be a JSON string and is not text.
    pub fn to_publication(&self, encoding: Encoding) -> Result<Publication, EncodeError> {
        let data = match encoding {
            Encoding::Json if self.data_as_string => json_string(self.data)?,
            _ => Bytes::copy_from_slice(self.data),
        };
        Ok(Publication {
            data,
            info: self.info.cloned(),
            offset: self.offset,
            tags: self.tags.cloned().unwrap_or_default(),
            delta: self.delta,
            time: self.time_ms.unwrap_or_default(),
            key: self.key.to_owned(),
            removed: self.removed,
            score: self.score,
            epoch: self.epoch.unwrap_or_default().to_owned(),
            ..Publication::default()
        })
    }
}

/// Writes the push of a publication behind what `out` holds, with no separator before it.
///
/// # Errors
/// [`EncodeError::NotJson`] when a JSON connection cannot carry the body; `out` is then unchanged.
pub fn encode_publication_push(
    encoding: Encoding,
    channel: &str,
    publication: PublicationRef<'_>,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    match encoding {
        Encoding::Json => json::write_push(channel, &publication, out),
        Encoding::Protobuf => {
            protobuf::write_push(channel, &publication, out);
            Ok(())
        }
    }
}

/// Appends the push of a publication to the frame in `out`; in JSON with a newline before it unless `out` is empty.
///
/// # Errors
/// As [`encode_publication_push`].
pub fn append_publication_push(
    encoding: Encoding,
    channel: &str,
    publication: PublicationRef<'_>,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    framing::append(encoding, out, |out| encode_publication_push(encoding, channel, publication, out))
}

/// True when the bytes are exactly one JSON value in UTF-8, white space around it allowed. Nesting costs no stack and a
/// byte of memory per level; nothing else is allocated.
pub fn is_valid_json(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// A JSON string that holds the bytes as its text.
///
/// # Errors
/// [`EncodeError::NotJson`] when the bytes are not UTF-8.
pub fn json_string(data: &[u8]) -> Result<Bytes, EncodeError> {
    let text = std::str::from_utf8(data).map_err(|_| EncodeError::NotJson)?;
    let mut out = BytesMut::with_capacity(data.len() + 2);
    framing::write_json(text, &mut out)?;
    Ok(out.freeze())
}
