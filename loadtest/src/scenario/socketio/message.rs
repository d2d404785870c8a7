//! A room's message: its number and when it was sent, in a data object of a given size.

/// Begins what members get.
const EVENT: &[u8] = b"42[\"room-msg\"";

/// The packet that sends message number `sequence` to a room.
pub(super) fn packet(room: &str, sequence: u64, sent_ns: u64, size: usize) -> String {
    let head = format!("{{\"s\":{sequence},\"t\":{sent_ns},\"p\":\"");
    let padding = "x".repeat(size.saturating_sub(head.len() + 2));
    format!("42[\"room-send-all\",\"{room}\",{head}{padding}\"}}]")
}

/// Number and time of a message that a member gets; `None` for any other packet.
pub(super) fn read(packet: &[u8]) -> Option<(u64, u64)> {
    let rest = packet.strip_prefix(EVENT)?;
    let start = memchr::memmem::find(rest, b"{\"s\":")? + 5;
    let (sequence, rest) = number(&rest[start..])?;
    let (sent_ns, _) = number(rest.strip_prefix(b",\"t\":")?)?;
    Some((sequence, sent_ns))
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&bytes[..length]).ok()?.parse().ok()?;
    Some((number, &bytes[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_comes_back() {
        let sent = packet("load", 7, 1_234, 64);
        let data = sent.strip_prefix("42[\"room-send-all\",").unwrap();
        assert_eq!(data.len(), "\"load\",".len() + 64 + 1);
        assert_eq!(read(format!("42[\"room-msg\",{data}").as_bytes()), Some((7, 1_234)));
        for other in ["2", "42[\"auth\",{}]", "42[\"room-msg\",\"load\",{}]", ""] {
            assert_eq!(read(other.as_bytes()), None, "{other}");
        }
    }
}
