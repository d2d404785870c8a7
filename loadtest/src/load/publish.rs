//! Publish commands written by hand around a payload that is known to be JSON, as the general encoder would check it again.

use crate::client::frame;
use crate::client::wire::{self, Encoding};

/// Writes the publish commands of one channel.
#[derive(Debug)]
pub struct PublishCommand {
    encoding: Encoding,
    /// JSON: the channel as a JSON string; Protobuf: field 1 of the request.
    channel: Vec<u8>,
    scratch: Vec<u8>,
}

impl PublishCommand {
    /// Commands for `channel`.
    #[must_use]
    pub fn new(encoding: Encoding, channel: &str) -> Self {
        let channel = match encoding {
            Encoding::Json => serde_json::Value::from(channel).to_string().into_bytes(),
            Encoding::Protobuf => field(1, channel.as_bytes()),
        };
        Self { encoding, channel, scratch: Vec::new() }
    }

    /// Appends the command as one masked frame.
    pub fn write(&mut self, id: u32, payload: &[u8], mask: [u8; 4], out: &mut Vec<u8>) {
        self.scratch.clear();
        match self.encoding {
            Encoding::Json => self.write_json(id, payload),
            Encoding::Protobuf => self.write_protobuf(id, payload),
        }
        frame::write(out, wire::opcode(self.encoding), mask, &self.scratch);
    }

    fn write_json(&mut self, id: u32, payload: &[u8]) {
        let id = id.to_string();
        let parts: [&[u8]; 7] =
            [b"{\"id\":", id.as_bytes(), b",\"publish\":{\"channel\":", &self.channel, b",\"data\":", payload, b"}}"];
        for part in parts {
            self.scratch.extend_from_slice(part);
        }
    }

    fn write_protobuf(&mut self, id: u32, payload: &[u8]) {
        let mut request = self.channel.clone();
        request.extend_from_slice(&field(2, payload));
        let mut command = vec![1 << 3];
        wire::write_varint(u64::from(id), &mut command);
        command.extend_from_slice(&field(7, &request));
        wire::write_varint(command.len() as u64, &mut self.scratch);
        self.scratch.extend_from_slice(&command);
    }
}

/// A length-delimited Protobuf field.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![tag << 3 | 2];
    wire::write_varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use natter_protocol::centrifuge::framing::decode_commands;

    use super::*;

    #[test]
    fn reads_back_as_the_schema_has_it() {
        for encoding in [Encoding::Json, Encoding::Protobuf] {
            let mut out = Vec::new();
            PublishCommand::new(encoding, "fast:\"a\"").write(300, b"{\"lt\":1}", [0; 4], &mut out);
            let header = if out[1] & 0x7f < 126 { 6 } else { 8 };
            let command = decode_commands(encoding, &out[header..]).next().unwrap().unwrap();
            let publish = command.publish.unwrap();
            assert_eq!(
                (command.id, publish.channel.as_str(), &publish.data[..]),
                (300, "fast:\"a\"", &b"{\"lt\":1}"[..])
            );
        }
    }
}
