//! Between an event and what engines store of it: an envelope, behind the event's id if it has one.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ClientInfo, EntityId, Publication};
use natter_protocol::envelope::{self, EnvelopeError, Record, RecordClientInfo};

use crate::store::LogRecord;

/// Stands before an id. Envelopes begin with their version, which will not come this far.
const ID_FOLLOWS: u8 = 0xff;
const ID_BYTES: usize = 12;

/// Writes an event; its offset is in its key.
pub(crate) fn encode(record: &LogRecord) -> Result<Vec<u8>, EnvelopeError> {
    let envelope = envelope_of(record)?;
    Ok(match record.id {
        Some(EntityId(id)) => [&[ID_FOLLOWS][..], &id, &envelope].concat(),
        None => envelope,
    })
}

fn envelope_of(record: &LogRecord) -> Result<Vec<u8>, EnvelopeError> {
    let publication = &record.publication;
    let tags = publication.tags.iter().flat_map(|tags| tags.iter());
    envelope::encode(&Record {
        seq: publication.seq,
        time_ms: publication.time_ms,
        kind: publication.kind,
        data: publication.data.to_vec(),
        info: publication.info.as_deref().map(encode_info),
        tags: tags.map(|(name, value)| (name.clone(), value.clone())).collect(),
        delta: publication.delta,
        idempotency_key: record.idempotency_key.as_deref().map(str::to_owned),
    })
}

fn encode_info(info: &ClientInfo) -> RecordClientInfo {
    RecordClientInfo {
        user: info.user.clone(),
        client: info.client.clone(),
        conn_info: info.conn_info.to_vec(),
        chan_info: info.chan_info.to_vec(),
    }
}

/// The id of a stored event, and its envelope.
fn split(value: &[u8]) -> (Option<EntityId>, &[u8]) {
    let behind_mark = value.strip_prefix(&[ID_FOLLOWS]);
    match behind_mark.and_then(|rest| rest.split_first_chunk::<ID_BYTES>()) {
        Some((id, envelope)) => (Some(EntityId(*id)), envelope),
        None => (None, value),
    }
}

/// The id of a stored event.
pub(crate) fn id(value: &[u8]) -> Option<EntityId> {
    split(value).0
}

/// Reads the event that stands at `offset`.
pub(crate) fn decode(offset: u64, value: &[u8]) -> Result<Publication, EnvelopeError> {
    let record = envelope::decode(split(value).1)?;
    Ok(Publication {
        offset,
        seq: record.seq,
        kind: record.kind,
        time_ms: record.time_ms,
        data: Bytes::from(record.data),
        info: record.info.map(|info| Arc::new(decode_info(info))),
        tags: (!record.tags.is_empty()).then(|| Arc::new(record.tags.into_iter().collect())),
        delta: record.delta,
        keyed: None,
    })
}

fn decode_info(info: RecordClientInfo) -> ClientInfo {
    ClientInfo {
        user: info.user,
        client: info.client,
        conn_info: Bytes::from(info.conn_info),
        chan_info: Bytes::from(info.chan_info),
    }
}
