//! A room's message: who sent it, its number and when it was sent, in a data object of a given size.

/// Begins what members get.
const EVENT: &[u8] = b"42[\"room-msg\"";

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Which of the senders.
    pub(super) sender: usize,
    /// The sender's messages count from 1.
    pub(super) sequence: u64,
    pub(super) sent_ns: u64,
}

/// The packet that sends a message to a room.
pub(super) fn packet(room: &str, mark: Mark, size: usize) -> String {
    let Mark { sender, sequence, sent_ns } = mark;
    let head = format!("{{\"f\":{sender},\"s\":{sequence},\"t\":{sent_ns},\"p\":\"");
    let padding = "x".repeat(size.saturating_sub(head.len() + 2));
    format!("42[\"room-send-all\",\"{room}\",{head}{padding}\"}}]")
}

/// What a message that a member gets says; `None` for any other packet.
pub(super) fn read(packet: &[u8]) -> Option<Mark> {
    let rest = packet.strip_prefix(EVENT)?;
    let start = memchr::memmem::find(rest, b"{\"f\":")? + 5;
    let (sender, rest) = number(&rest[start..])?;
    let (sequence, rest) = number(rest.strip_prefix(b",\"s\":")?)?;
    let (sent_ns, _) = number(rest.strip_prefix(b",\"t\":")?)?;
    Some(Mark { sender: usize::try_from(sender).ok()?, sequence, sent_ns })
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
        let mark = Mark { sender: 3, sequence: 7, sent_ns: 1_234 };
        let sent = packet("load", mark, 64);
        let data = sent.strip_prefix("42[\"room-send-all\",").unwrap();
        assert_eq!(data.len(), "\"load\",".len() + 64 + 1);
        assert_eq!(read(format!("42[\"room-msg\",{data}").as_bytes()), Some(mark));
        for other in ["2", "42[\"auth\",{}]", "42[\"room-msg\",\"load\",{}]", ""] {
            assert_eq!(read(other.as_bytes()), None, "{other}");
        }
    }
}
