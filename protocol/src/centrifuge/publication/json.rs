//! The publication push in JSON, written around the raw body.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

use super::{PublicationRef, is_valid_json};
use crate::centrifuge::framing::{EncodeError, write_json};

/// Longest fixed part of a push with all its keys, to size the buffer by.
const ENVELOPE_BYTES: usize = 128;

/// Writes `{"push":{"channel":…,"pub":{…}}}`, or nothing on an error.
pub(super) fn write_push(
    channel: &str,
    publication: &PublicationRef<'_>,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.reserve(ENVELOPE_BYTES + channel.len() + publication.data.len());
    write_envelope(channel, publication, out).inspect_err(|_| out.truncate(start))
}

fn write_envelope(channel: &str, publication: &PublicationRef<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
    out.put_slice(b"{\"push\":{");
    if !channel.is_empty() {
        out.put_slice(b"\"channel\":");
        write_json(channel, out)?;
        out.put_u8(b',');
    }
    out.put_slice(b"\"pub\":{");
    write_fields(publication, out)?;
    out.put_slice(b"}}}");
    Ok(())
}

fn write_fields(publication: &PublicationRef<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
    let mut fields = Fields { out, separator: "" };
    if publication.data_as_string || !publication.data.is_empty() {
        fields.key("data");
        write_data(publication, fields.out)?;
    }
    fields.field("info", publication.info)?;
    fields.field("offset", Some(publication.offset).filter(|&offset| offset != 0))?;
    fields.field("tags", publication.tags.filter(|tags| !tags.is_empty()))?;
    fields.field("delta", publication.delta.then_some(true))?;
    fields.field("time", publication.time_ms.filter(|&time| time != 0))?;
    fields.field("key", Some(publication.key).filter(|key| !key.is_empty()))?;
    fields.field("removed", publication.removed.then_some(true))?;
    fields.field("score", Some(publication.score).filter(|&score| score != 0))?;
    fields.field("epoch", publication.epoch.filter(|epoch| !epoch.is_empty()))
}

/// Fields of one object, with commas between them.
struct Fields<'a> {
    out: &'a mut BytesMut,
    separator: &'static str,
}

impl Fields<'_> {
    /// Writes a key that needs no escapes; its value follows.
    fn key(&mut self, key: &str) {
        self.out.put_slice(self.separator.as_bytes());
        self.out.put_u8(b'"');
        self.out.put_slice(key.as_bytes());
        self.out.put_slice(b"\":");
        self.separator = ",";
    }

    /// Writes a field unless it is absent.
    fn field(&mut self, key: &str, value: Option<impl Serialize>) -> Result<(), EncodeError> {
        let Some(value) = value else { return Ok(()) };
        self.key(key);
        write_json(&value, self.out)
    }
}

fn write_data(publication: &PublicationRef<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
    let data = publication.data;
    if publication.data_as_string {
        let text = std::str::from_utf8(data).map_err(|_| EncodeError::NotJson)?;
        return write_json(text, out);
    }
    if !publication.known_json && !is_valid_json(data) {
        return Err(EncodeError::NotJson);
    }
    put_without_newlines(data, out);
    Ok(())
}

/// Copies JSON without its raw newlines, which stand only between tokens and would end the message.
fn put_without_newlines(data: &[u8], out: &mut BytesMut) {
    let mut start = 0;
    for newline in memchr::memchr_iter(b'\n', data) {
        out.put_slice(&data[start..newline]);
        start = newline + 1;
    }
    out.put_slice(&data[start..]);
}
