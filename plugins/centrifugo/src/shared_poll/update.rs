//! A key's change on its way to those who track it, encoded once for each form in which somebody wants it.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use natter_protocol::centrifuge::framing::{EncodeError, Encoding, encode_reply};
use natter_protocol::centrifuge::publication::json_string;
use natter_protocol::centrifuge::schema::{Publication, Push, Reply};

use crate::codec::make_patch;

/// The forms: each encoding with plain data, with data for subscribers with deltas, and as a patch.
const FORMS: usize = 6;

/// A change of a key.
#[derive(Debug)]
pub(crate) struct Update {
    channel: Arc<str>,
    pub(crate) key: Arc<str>,
    /// The value's version; of a removal 0.
    pub(crate) version: u64,
    /// Nobody tracks the key any more.
    pub(crate) is_removal: bool,
    data: Bytes,
    /// What the version counts in, if clients are told with the value.
    epoch: Option<Arc<str>>,
    /// What a patch can be made against.
    base: Option<Base>,
    encoded: [OnceLock<Result<Bytes, Unencodable>>; FORMS],
}

/// An earlier value and its version.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) version: u64,
    pub(crate) data: Bytes,
}

/// What becomes of an update in one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unencodable {
    /// There is no patch, or none that is shorter than the value.
    NoPatch,
    /// The value is no JSON.
    NotJson,
}

/// How a subscriber wants its updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) encoding: Encoding,
    pub(crate) has_delta: bool,
}

impl Update {
    /// A new value.
    pub(crate) fn value(channel: &Arc<str>, key: &Arc<str>, version: u64, data: Bytes) -> Self {
        Self {
            channel: Arc::clone(channel),
            key: Arc::clone(key),
            version,
            is_removal: false,
            data,
            epoch: None,
            base: None,
            encoded: Default::default(),
        }
    }

    /// The key is gone.
    pub(crate) fn removal(channel: &Arc<str>, key: &Arc<str>) -> Self {
        Self { is_removal: true, ..Self::value(channel, key, 0, Bytes::new()) }
    }

    /// Lets those who have an earlier value get the difference.
    pub(crate) fn since(self, base: Option<Base>) -> Self {
        Self { base: base.filter(|base| !base.data.is_empty()), ..self }
    }

    /// Tells the epoch with the value.
    pub(crate) fn in_epoch(self, epoch: &Arc<str>) -> Self {
        Self { epoch: Some(Arc::clone(epoch)).filter(|epoch| !epoch.is_empty()), ..self }
    }

    /// Whether a subscriber that is about to get `other` is to get this one instead.
    pub(crate) fn supersedes(&self, other: &Self) -> bool {
        self.is_removal || (!other.is_removal && self.version > other.version)
    }

    /// The push, ready to be put into a frame. `known` is the version of the value that the subscriber has in full.
    ///
    /// # Errors
    /// A JSON connection cannot carry the value.
    pub(crate) fn message(&self, form: Form, known: Option<u64>) -> Result<Bytes, EncodeError> {
        if form.has_delta && self.base.as_ref().is_some_and(|base| Some(base.version) == known) {
            match self.encoded(form, true) {
                Err(Unencodable::NoPatch) => {}
                encoded => return encoded.map_err(|_| EncodeError::NotJson),
            }
        }
        self.encoded(form, false).map_err(|_| EncodeError::NotJson)
    }

    /// The value as an answer lists it.
    ///
    /// # Errors
    /// A JSON connection cannot carry the value.
    pub(crate) fn listed(&self, form: Form) -> Result<Publication, EncodeError> {
        self.publication(form, &self.data, false)
    }

    fn encoded(&self, form: Form, is_patch: bool) -> Result<Bytes, Unencodable> {
        let index = form.encoding as usize * 3 + usize::from(form.has_delta) + usize::from(is_patch);
        self.encoded[index % FORMS].get_or_init(|| self.encode(form, is_patch)).clone()
    }

    fn encode(&self, form: Form, is_patch: bool) -> Result<Bytes, Unencodable> {
        let publication = match (is_patch, &self.base) {
            (true, Some(base)) => {
                let patch = make_patch(form.encoding, &base.data, &self.data).ok_or(Unencodable::NoPatch)?;
                self.publication(form, &patch.into(), true)
            }
            (true, None) => return Err(Unencodable::NoPatch),
            (false, _) => self.publication(form, &self.data, false),
        };
        let publication = publication.map_err(|_| Unencodable::NotJson)?;
        let push = Push { channel: self.channel.to_string(), r#pub: Some(publication), ..Push::default() };
        let mut message = BytesMut::new();
        encode_reply(form.encoding, &Reply { push: Some(push), ..Reply::default() }, &mut message)
            .map_err(|_| Unencodable::NotJson)?;
        Ok(message.freeze())
    }

    fn publication(&self, form: Form, data: &Bytes, delta: bool) -> Result<Publication, EncodeError> {
        let is_text = form.has_delta && form.encoding == Encoding::Json && !self.is_removal;
        Ok(Publication {
            data: if is_text { json_string(data)? } else { data.clone() },
            delta,
            key: self.key.to_string(),
            version: self.version,
            removed: self.is_removal,
            epoch: self.epoch.as_deref().unwrap_or_default().to_owned(),
            ..Publication::default()
        })
    }
}
