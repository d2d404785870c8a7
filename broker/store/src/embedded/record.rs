//! Between a publication and the envelope that is stored of it.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ClientInfo, Publication};
use natter_protocol::envelope::{self, EnvelopeError, Record, RecordClientInfo};

use crate::store::LogRecord;

/// The kind of an event that is a message. Other kinds belong to the chat domain.
const KIND_MESSAGE: u8 = 0;

/// Writes an event; its offset is in its key.
pub(super) fn encode(record: &LogRecord) -> Result<Vec<u8>, EnvelopeError> {
    let publication = &record.publication;
    let tags = publication.tags.iter().flat_map(|tags| tags.iter());
    envelope::encode(&Record {
        seq: publication.seq,
        time_ms: publication.time_ms,
        kind: KIND_MESSAGE,
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

/// Reads the event that stands at `offset`.
pub(super) fn decode(offset: u64, value: &[u8]) -> Result<Publication, EnvelopeError> {
    let record = envelope::decode(value)?;
    Ok(Publication {
        offset,
        seq: record.seq,
        time_ms: record.time_ms,
        data: Bytes::from(record.data),
        info: record.info.map(|info| Arc::new(decode_info(info))),
        tags: (!record.tags.is_empty()).then(|| Arc::new(record.tags.into_iter().collect())),
        delta: record.delta,
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
