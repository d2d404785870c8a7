//! Values of statements, and the keys that statements begin with.

use natter_core::{ChannelKey, TenantId};
use scylla::value::CqlValue;
use uuid::Uuid;

use super::layout::to_bigint;
use super::session::Values;
use crate::store::{RowKey, Version};

pub(super) fn text(text: &str) -> CqlValue {
    CqlValue::Text(text.to_owned())
}

pub(super) fn number(number: u64) -> CqlValue {
    CqlValue::BigInt(to_bigint(number))
}

pub(super) fn blob(bytes: impl Into<Vec<u8>>) -> CqlValue {
    CqlValue::Blob(bytes.into())
}

pub(super) fn blobs(keys: impl IntoIterator<Item = Vec<u8>>) -> CqlValue {
    CqlValue::List(keys.into_iter().map(CqlValue::Blob).collect())
}

/// What the row of a bucket's version holds.
pub(super) fn version((version, epoch): &Version) -> Values {
    vec![CqlValue::BigInt(version.cast_signed()), blob(epoch.as_bytes())]
}

/// The key of a channel.
pub(super) fn channel(key: &ChannelKey) -> Values {
    vec![text(key.tenant().as_str()), text(key.name())]
}

/// The key of a log, whatever follows.
fn log(key: &ChannelKey, log: Uuid) -> Values {
    [channel(key), vec![CqlValue::Uuid(log)]].concat()
}

/// The key of a bucket.
pub(super) fn bucket(key: &ChannelKey, id: Uuid, bucket: u64) -> Values {
    [log(key, id), vec![number(bucket)]].concat()
}

/// The key of a slice of a log's index.
pub(super) fn slice(key: &ChannelKey, id: Uuid, slice: i8) -> Values {
    [log(key, id), vec![CqlValue::TinyInt(slice)]].concat()
}

/// The key of a partition of rows.
pub(super) fn partition(tenant: &TenantId, table: &str, partition: &str) -> Values {
    vec![text(tenant.as_str()), text(table), text(partition)]
}

/// The key of a row.
pub(super) fn row(key: &RowKey) -> Values {
    [partition(&key.tenant, key.table, &key.partition), vec![text(&key.row)]].concat()
}

/// What a statement sets or compares, around the key in its middle.
pub(super) fn around(before: Values, key: Values, after: Values) -> Values {
    [before, key, after].concat()
}
