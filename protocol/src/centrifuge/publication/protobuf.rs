//! The publication push in Protobuf: lengths first, then the fields in the order of their tags.

use std::collections::BTreeMap;

use bytes::{BufMut, BytesMut};
use prost::encoding::{self, WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use super::PublicationRef;

/// Tags of the fields on the way from a reply to the publication, and of those in it; see the schema.
mod tag {
    pub(super) const REPLY_PUSH: u32 = 4;
    pub(super) const PUSH_CHANNEL: u32 = 2;
    pub(super) const PUSH_PUB: u32 = 4;
    pub(super) const DATA: u32 = 4;
    pub(super) const INFO: u32 = 5;
    pub(super) const OFFSET: u32 = 6;
    pub(super) const TAGS: u32 = 7;
    pub(super) const DELTA: u32 = 8;
    pub(super) const TIME: u32 = 9;
    pub(super) const KEY: u32 = 11;
    pub(super) const REMOVED: u32 = 12;
    pub(super) const SCORE: u32 = 13;
    pub(super) const EPOCH: u32 = 14;
}

/// Writes a reply that holds the push, behind its length.
pub(super) fn write_push(channel: &str, publication: &PublicationRef<'_>, out: &mut BytesMut) {
    let publication_len = publication_len(publication);
    let push_len = bytes_len(tag::PUSH_CHANNEL, channel.as_bytes()) + nested_len(tag::PUSH_PUB, publication_len);
    let reply_len = nested_len(tag::REPLY_PUSH, push_len);
    out.reserve(encoded_len_varint(reply_len as u64) + reply_len);
    encode_varint(reply_len as u64, out);
    put_nested(tag::REPLY_PUSH, push_len, out);
    put_bytes(tag::PUSH_CHANNEL, channel.as_bytes(), out);
    put_nested(tag::PUSH_PUB, publication_len, out);
    put_publication(publication, out);
}

fn publication_len(publication: &PublicationRef<'_>) -> usize {
    bytes_len(tag::DATA, publication.data)
        + publication.info.map_or(0, |info| encoding::message::encoded_len(tag::INFO, info))
        + varint_len(tag::OFFSET, publication.offset)
        + publication.tags.map_or(0, tags_len)
        + varint_len(tag::DELTA, publication.delta.into())
        + varint_len(tag::TIME, time(publication))
        + bytes_len(tag::KEY, publication.key.as_bytes())
        + varint_len(tag::REMOVED, publication.removed.into())
        + varint_len(tag::SCORE, score(publication))
        + bytes_len(tag::EPOCH, publication.epoch.unwrap_or_default().as_bytes())
}

fn put_publication(publication: &PublicationRef<'_>, out: &mut BytesMut) {
    put_bytes(tag::DATA, publication.data, out);
    if let Some(info) = publication.info {
        encoding::message::encode(tag::INFO, info, out);
    }
    put_varint(tag::OFFSET, publication.offset, out);
    if let Some(tags) = publication.tags {
        put_tags(tags, out);
    }
    put_varint(tag::DELTA, publication.delta.into(), out);
    put_varint(tag::TIME, time(publication), out);
    put_bytes(tag::KEY, publication.key.as_bytes(), out);
    put_varint(tag::REMOVED, publication.removed.into(), out);
    put_varint(tag::SCORE, score(publication), out);
    put_bytes(tag::EPOCH, publication.epoch.unwrap_or_default().as_bytes(), out);
}

/// The time as the varint that a signed number is on the wire: its two's complement.
fn time(publication: &PublicationRef<'_>) -> u64 {
    publication.time_ms.unwrap_or_default().cast_unsigned()
}

/// The score as the varint that a zigzag number is on the wire.
fn score(publication: &PublicationRef<'_>) -> u64 {
    ((publication.score << 1) ^ (publication.score >> 63)).cast_unsigned()
}

fn tags_len(tags: &BTreeMap<String, String>) -> usize {
    use encoding::string::encoded_len;
    encoding::btree_map::encoded_len(encoded_len, encoded_len, tag::TAGS, tags)
}

fn put_tags(tags: &BTreeMap<String, String>, out: &mut BytesMut) {
    use encoding::string::{encode, encoded_len};
    encoding::btree_map::encode(encode, encoded_len, encode, encoded_len, tag::TAGS, tags, out);
}

fn nested_len(tag: u32, len: usize) -> usize {
    key_len(tag) + encoded_len_varint(len as u64) + len
}

fn put_nested(tag: u32, len: usize, out: &mut BytesMut) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(len as u64, out);
}

fn bytes_len(tag: u32, value: &[u8]) -> usize {
    if value.is_empty() { 0 } else { nested_len(tag, value.len()) }
}

fn put_bytes(tag: u32, value: &[u8], out: &mut BytesMut) {
    if !value.is_empty() {
        put_nested(tag, value.len(), out);
        out.put_slice(value);
    }
}

fn varint_len(tag: u32, value: u64) -> usize {
    if value == 0 { 0 } else { key_len(tag) + encoded_len_varint(value) }
}

fn put_varint(tag: u32, value: u64, out: &mut BytesMut) {
    if value != 0 {
        encode_key(tag, WireType::Varint, out);
        encode_varint(value, out);
    }
}
