//! Commands out and replies in, by the protocol crate's schema; the only file here that knows how it frames them.

use bytes::BytesMut;
pub use natter_protocol::centrifuge::framing::Encoding;
use natter_protocol::centrifuge::framing::{append_command, decode_replies};
pub use natter_protocol::centrifuge::schema::{
    Command, ConnectRequest, Error, HistoryRequest, HistoryResult, Publication, PublishRequest, Push, Reply,
    StreamPosition, SubscribeRequest, SubscribeResult,
};
use thiserror::Error as ThisError;

use super::frame::{self, Opcode};

/// A frame that the protocol does not allow, or a command that it cannot carry.
#[derive(Debug, ThisError)]
#[error("{0}")]
pub struct WireError(String);

/// Appends one command as a masked WebSocket frame.
///
/// # Errors
/// When the data of the command is not JSON and the encoding is.
pub fn write_command(encoding: Encoding, command: &Command, mask: [u8; 4], out: &mut Vec<u8>) -> Result<(), WireError> {
    let mut payload = BytesMut::new();
    append_command(encoding, command, &mut payload).map_err(|error| WireError(error.to_string()))?;
    frame::write(out, opcode(encoding), mask, &payload);
    Ok(())
}

/// Appends the answer to a ping: an empty command.
pub fn write_pong(encoding: Encoding, mask: [u8; 4], out: &mut Vec<u8>) {
    frame::write(out, opcode(encoding), mask, encoding.ping());
}

/// Every reply of one WebSocket message.
///
/// # Errors
/// When the message is empty or malformed.
pub fn read_replies(encoding: Encoding, message: &[u8]) -> Result<Vec<Reply>, WireError> {
    decode_replies(encoding, message).map(|reply| reply.map_err(|error| WireError(error.to_string()))).collect()
}

/// One reply as [`super::scan::Scanner`] cuts it out, without the length in front of it.
///
/// # Errors
/// When it is malformed.
pub fn read_reply(encoding: Encoding, reply: &[u8]) -> Result<Reply, WireError> {
    let malformed = || WireError("malformed reply".to_owned());
    match encoding {
        Encoding::Json => read_replies(encoding, reply)?.pop().ok_or_else(malformed),
        Encoding::Protobuf => {
            let mut message = Vec::with_capacity(reply.len() + 5);
            write_varint(reply.len() as u64, &mut message);
            message.extend_from_slice(reply);
            read_replies(encoding, &message)?.pop().ok_or_else(malformed)
        }
    }
}

/// The WebSocket opcode that carries an encoding.
#[must_use]
pub fn opcode(encoding: Encoding) -> Opcode {
    match encoding {
        Encoding::Json => Opcode::Text,
        Encoding::Protobuf => Opcode::Binary,
    }
}

/// Appends an unsigned LEB128 number.
pub fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_single_replies_of_both_encodings() {
        assert_eq!(read_reply(Encoding::Json, b"{\"id\":7,\"error\":{\"code\":103}}").unwrap().id, 7);
        let reply = read_reply(Encoding::Protobuf, &[8, 7, 18, 2, 8, 103]).unwrap();
        assert_eq!((reply.id, reply.error.unwrap().code), (7, 103));
        assert!(read_reply(Encoding::Json, b"{").is_err());
    }
}
