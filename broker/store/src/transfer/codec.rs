//! An entry as bytes: a kind, then its parts. Texts and values are preceded by their length in four bytes, numbers are
//! little-endian. Part of the format of backups.

use bytes::Bytes;
use natter_core::{ChannelKey, Epoch, LogHead, TenantId, Version};

use super::entry::{Entry, RowName};
use crate::store::Row;

const ROW_FLOOR: u8 = 1;
const ROW: u8 = 2;
const LOG: u8 = 3;
const EVENT: u8 = 4;
const KEY: u8 = 5;
/// A log with the version of its newest event that has one.
const LOG_WITH_VERSION: u8 = 6;

/// Writes an entry behind what `out` holds.
pub(super) fn encode(entry: &Entry, out: &mut Vec<u8>) {
    match entry {
        Entry::RowFloor(floor) => {
            out.push(ROW_FLOOR);
            put_number(out, *floor);
        }
        Entry::Row(name, row) => {
            out.push(ROW);
            for text in [name.tenant.as_str(), &name.table, &name.partition, &name.row] {
                put_bytes(out, text.as_bytes());
            }
            put_number(out, row.version);
            put_bytes(out, &row.value);
        }
        Entry::Log(channel, head) => {
            out.push(if head.version.is_some() { LOG_WITH_VERSION } else { LOG });
            put_channel(out, channel);
            put_bytes(out, head.epoch.as_str().as_bytes());
            for number in [head.first_offset, head.last_offset, head.last_seq] {
                put_number(out, number);
            }
            if let Some((number, epoch)) = &head.version {
                put_number(out, *number);
                put_bytes(out, epoch.as_bytes());
            }
        }
        Entry::Event { channel, offset, value } => {
            out.push(EVENT);
            put_channel(out, channel);
            put_number(out, *offset);
            put_bytes(out, value);
        }
        Entry::Key { channel, key, offset, expires_ms } => {
            out.push(KEY);
            put_channel(out, channel);
            put_bytes(out, key.as_bytes());
            put_number(out, *offset);
            put_number(out, expires_ms.cast_unsigned());
        }
    }
}

/// Reads an entry; `None` when the bytes are none.
pub(super) fn decode(bytes: &[u8]) -> Option<Entry> {
    let (&kind, rest) = bytes.split_first()?;
    let mut parts = Parts(rest);
    let entry = match kind {
        ROW_FLOOR => Entry::RowFloor(parts.number()?),
        ROW => Entry::Row(parts.row_name()?, Row { version: parts.number()?, value: parts.value()? }),
        LOG => Entry::Log(parts.channel()?, parts.head()?),
        LOG_WITH_VERSION => {
            let (channel, head) = (parts.channel()?, parts.head()?);
            Entry::Log(channel, LogHead { version: Some(parts.version()?), ..head })
        }
        EVENT => Entry::Event { channel: parts.channel()?, offset: parts.number()?, value: parts.value()? },
        KEY => Entry::Key {
            channel: parts.channel()?,
            key: parts.text()?.to_owned(),
            offset: parts.number()?,
            expires_ms: parts.number()?.cast_signed(),
        },
        _ => return None,
    };
    parts.0.is_empty().then_some(entry)
}

fn put_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    debug_assert!(u32::try_from(bytes.len()).is_ok(), "limits admit nothing near");
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_channel(out: &mut Vec<u8>, channel: &ChannelKey) {
    put_bytes(out, channel.tenant().as_str().as_bytes());
    put_bytes(out, channel.name().as_bytes());
}

/// What is left to read.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (bytes, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn value(&mut self) -> Option<Bytes> {
        self.bytes().map(Bytes::copy_from_slice)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn tenant(&mut self) -> Option<TenantId> {
        self.text().map(TenantId::new)
    }

    fn channel(&mut self) -> Option<ChannelKey> {
        let tenant = self.tenant()?;
        Some(ChannelKey::new(tenant, self.text()?))
    }

    fn head(&mut self) -> Option<LogHead> {
        let epoch = Epoch::new(self.text()?);
        let (first_offset, last_offset, last_seq) = (self.number()?, self.number()?, self.number()?);
        let is_sound = first_offset >= 1 && first_offset <= last_offset.checked_add(1)?;
        is_sound.then_some(LogHead { epoch, last_offset, last_seq, first_offset, version: None })
    }

    fn version(&mut self) -> Option<Version> {
        Some((self.number()?, self.text()?.into()))
    }

    fn row_name(&mut self) -> Option<RowName> {
        Some(RowName {
            tenant: self.tenant()?,
            table: self.text()?.to_owned(),
            partition: self.text()?.to_owned(),
            row: self.text()?.to_owned(),
        })
    }
}
