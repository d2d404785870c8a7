//! The keys of the embedded engine, one function per kind.
//!
//! Every part of varying length but the last is preceded by its length in two bytes, so that no name can flow into
//! its neighbour. Numbers are big-endian, so that they sort. The callers' names have passed `limits`, which admits
//! none that is longer than two bytes can say.

use natter_core::{ChannelKey, EntityId, TenantId};

use crate::store::RowKey;
use crate::transfer::RowName;

const OFFSET_BYTES: usize = 8;
const EXPIRY_BYTES: usize = 8;

fn push_part(key: &mut Vec<u8>, part: &str) {
    debug_assert!(part.len() <= usize::from(u16::MAX), "checked by limits");
    key.extend_from_slice(&(part.len() as u16).to_be_bytes());
    key.extend_from_slice(part.as_bytes());
}

/// What all keys of a channel begin with; in `heads` it is the whole key.
pub(super) fn channel(channel: &ChannelKey) -> Vec<u8> {
    let mut key = Vec::with_capacity(4 + channel.tenant().as_str().len() + channel.name().len() + OFFSET_BYTES);
    push_part(&mut key, channel.tenant().as_str());
    push_part(&mut key, channel.name());
    key
}

/// The channel that a key of `heads` or `deletions` names.
pub(super) fn split_channel(key: &[u8]) -> Option<ChannelKey> {
    let (tenant, rest) = take_part(key)?;
    let (name, rest) = take_part(rest)?;
    rest.is_empty().then(|| ChannelKey::new(TenantId::new(tenant), name))
}

fn take_part(key: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = key.split_first_chunk::<2>()?;
    let (part, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(part).ok()?, rest))
}

/// The key in `log` of the event `offset` of the channel that `prefix` names.
pub(super) fn event(prefix: &[u8], offset: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(prefix.len() + OFFSET_BYTES);
    key.extend_from_slice(prefix);
    key.extend_from_slice(&offset.to_be_bytes());
    key
}

/// The offset at the end of a key of `log`.
pub(super) fn event_offset(key: &[u8]) -> Option<u64> {
    key.last_chunk().copied().map(u64::from_be_bytes)
}

/// The key in `ids` of an event's id in the channel that `prefix` names.
pub(super) fn id(prefix: &[u8], id: EntityId) -> Vec<u8> {
    [prefix, &id.0].concat()
}

/// The key in `idempotency` of a publisher's `text` in the channel that `prefix` names.
pub(super) fn idempotency(prefix: &[u8], text: &str) -> Vec<u8> {
    [prefix, text.as_bytes()].concat()
}

/// The key in `expiries` that leads to `idempotency_key` when its time has come.
pub(super) fn expiry(expires_ms: i64, idempotency_key: &[u8]) -> Vec<u8> {
    [&sortable(expires_ms), idempotency_key].concat()
}

/// The time and the idempotency key that a key of `expiries` holds.
pub(super) fn split_expiry(key: &[u8]) -> Option<(i64, &[u8])> {
    let (time, idempotency_key) = key.split_first_chunk::<EXPIRY_BYTES>()?;
    Some(((u64::from_be_bytes(*time) ^ SIGN).cast_signed(), idempotency_key))
}

/// Sorts before every key of `expiries` that expires after `now_ms`.
pub(super) fn expiry_bound(now_ms: i64) -> [u8; EXPIRY_BYTES] {
    sortable(now_ms.saturating_add(1))
}

const SIGN: u64 = 1 << 63;

fn sortable(time_ms: i64) -> [u8; EXPIRY_BYTES] {
    (time_ms.cast_unsigned() ^ SIGN).to_be_bytes()
}

/// What the keys in `rows` of a partition begin with.
pub(super) fn partition(tenant: &TenantId, table: &str, partition: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(6 + tenant.as_str().len() + table.len() + partition.len());
    push_part(&mut key, tenant.as_str());
    push_part(&mut key, table);
    push_part(&mut key, partition);
    key
}

/// The key in `rows` of one row.
pub(super) fn row(row: &RowKey) -> Vec<u8> {
    let mut key = partition(&row.tenant, row.table, &row.partition);
    key.extend_from_slice(row.row.as_bytes());
    key
}

/// The key in `rows` of a row that was carried from elsewhere.
pub(super) fn row_name(name: &RowName) -> Vec<u8> {
    let mut key = partition(&name.tenant, &name.table, &name.partition);
    key.extend_from_slice(name.row.as_bytes());
    key
}

/// The row that a key of `rows` names.
pub(super) fn split_row(key: &[u8]) -> Option<RowName> {
    let (tenant, rest) = take_part(key)?;
    let (table, rest) = take_part(rest)?;
    let (partition, row) = take_part(rest)?;
    let (table, partition) = (table.to_owned(), partition.to_owned());
    Some(RowName { tenant: TenantId::new(tenant), table, partition, row: std::str::from_utf8(row).ok()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn event_keys_keep_their_parts(tenant in ".{1,40}", name in ".{1,60}", offset: u64) {
            let prefix = channel(&ChannelKey::new(TenantId::new(&*tenant), &*name));
            prop_assert_eq!(split_channel(&prefix), Some(ChannelKey::new(TenantId::new(&*tenant), &*name)));
            let key = event(&prefix, offset);
            let (found_tenant, rest) = take_part(&key).unwrap();
            let (found_name, rest) = take_part(rest).unwrap();
            prop_assert_eq!((found_tenant, found_name), (&*tenant, &*name));
            prop_assert_eq!(rest.len(), OFFSET_BYTES);
            prop_assert_eq!(event_offset(&key), Some(offset));
        }

        #[test]
        fn event_keys_sort_by_offset(name in ".{1,20}", one: u64, two: u64) {
            let prefix = channel(&ChannelKey::new(TenantId::new("acme"), &*name));
            prop_assert_eq!(event(&prefix, one).cmp(&event(&prefix, two)), one.cmp(&two));
        }

        #[test]
        fn expiry_keys_keep_their_parts(one: i64, two: i64, text in ".{1,40}") {
            let prefix = channel(&ChannelKey::new(TenantId::new("acme"), "news"));
            let target = idempotency(&prefix, &text);
            let key = expiry(one, &target);
            prop_assert_eq!(split_expiry(&key), Some((one, target.as_slice())));
            prop_assert_eq!(key.cmp(&expiry(two, &target)), one.cmp(&two));
            prop_assert_eq!(*key < expiry_bound(two)[..], one <= two || two == i64::MAX && one < two);
        }

        #[test]
        fn row_keys_keep_their_parts(tenant in ".{1,20}", part in ".{0,40}", name in ".{0,40}") {
            let owner = TenantId::new(&*tenant);
            let prefix = partition(&owner, "users", &part);
            let key = row(&RowKey { tenant: owner, table: "users", partition: part.clone(), row: name.clone() });
            prop_assert_eq!(key.strip_prefix(prefix.as_slice()), Some(name.as_bytes()));
            let (found_tenant, rest) = take_part(&key).unwrap();
            let (table, rest) = take_part(rest).unwrap();
            let (found_part, rest) = take_part(rest).unwrap();
            prop_assert_eq!((found_tenant, table, found_part, rest), (&*tenant, "users", &*part, name.as_bytes()));
            prop_assert_eq!(row_name(&split_row(&key).unwrap()), key);
        }
    }
}
