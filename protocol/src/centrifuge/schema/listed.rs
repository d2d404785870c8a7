//! A message as the value of a map.

use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType};
use prost::{DecodeError, Message};
use serde::{Deserialize, Serialize};

/// A message that a map's entry always has on the wire. prost leaves a value out when all its fields are empty, and
/// Protobuf for JavaScript reads such an entry as `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Listed<T>(Option<T>);

impl<T> From<T> for Listed<T> {
    fn from(message: T) -> Self {
        Self(Some(message))
    }
}

impl<T: Default> Listed<T> {
    /// The message; an entry that came without one has an empty one.
    pub fn into_inner(self) -> T {
        self.0.unwrap_or_default()
    }
}

impl<T: Message + Default> Message for Listed<T> {
    fn encode_raw(&self, out: &mut impl BufMut) {
        if let Some(message) = &self.0 {
            message.encode_raw(out);
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        input: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        self.0.get_or_insert_default().merge_field(tag, wire_type, input, context)
    }

    fn encoded_len(&self) -> usize {
        self.0.as_ref().map_or(0, T::encoded_len)
    }

    fn clear(&mut self) {
        self.0 = None;
    }
}
