//! What a message says of itself, so that it is known again when its channel is read back.

use std::fmt::Write as _;

/// Which message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The connection that sent it.
    pub connection: usize,
    /// Its number among those of its connection, from 0.
    pub number: u64,
}

impl Mark {
    /// Appends the text of this message: the mark, and padding up to `size` bytes. It needs no escapes in JSON.
    pub(super) fn write(self, run: u32, size: usize, out: &mut String) {
        let begin = out.len();
        let Self { connection, number } = self;
        let _ = write!(out, "{run:08x}-{connection}-{number} ");
        let padding = size.saturating_sub(out.len() - begin);
        out.extend(std::iter::repeat_n('x', padding));
    }

    /// Reads the mark of a text; `None` when it is no message of this run.
    pub(super) fn read(text: &str, run: u32) -> Option<Self> {
        let (mark, padding) = text.split_once(' ')?;
        let mut parts = mark.split('-');
        let is_ours = u32::from_str_radix(parts.next()?, 16) == Ok(run) && padding.bytes().all(|byte| byte == b'x');
        let (connection, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (is_ours && parts.next().is_none()).then_some(Self { connection, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_again_in_their_own_run_only() {
        let mark = Mark { connection: 63, number: 123_456 };
        for size in [0, 19, 128] {
            let mut text = String::new();
            mark.write(0xbeef, size, &mut text);
            assert!(text.len() >= size);
            assert_eq!(Mark::read(&text, 0xbeef), Some(mark));
            assert_eq!(Mark::read(&text, 0xbee), None);
        }
        for other in ["", "hello", "0000beef-1 x", "0000beef-1-2-3 x", "0000beef-1-2 y"] {
            assert_eq!(Mark::read(other, 0xbeef), None, "{other}");
        }
    }
}
