//! Making a delta.

use super::index::{BLOCK_BYTES, BlockIndex, Match, RollingHash};
use super::{DIGITS, checksum};

/// Shortest copy worth its command, which takes about ten bytes.
const COPY_BYTES_MIN: usize = 12;

/// Makes the delta from `base` to `target`; it may be longer than the target. Time and memory are linear in both.
pub fn create(base: &[u8], target: &[u8]) -> Vec<u8> {
    DeltaWriter { base, target, is_text: false, written: 0, out: Vec::new() }.write()
}

/// Makes a delta that is itself valid UTF-8, as a JSON string has to be: no literal begins or ends inside a character.
/// `None` when the target is not UTF-8 or the delta is not shorter than it; the target is then sent whole.
pub fn create_text(base: &[u8], target: &[u8]) -> Option<String> {
    std::str::from_utf8(target).ok()?;
    let delta = create_unfiltered_text(base, target);
    if delta.len() >= target.len() {
        return None;
    }
    String::from_utf8(delta).ok()
}

/// The text delta, whether it pays or not.
pub(super) fn create_unfiltered_text(base: &[u8], target: &[u8]) -> Vec<u8> {
    DeltaWriter { base, target, is_text: true, written: 0, out: Vec::new() }.write()
}

/// Part of the target that is copied from the base.
struct Copy {
    base_at: usize,
    target_at: usize,
    len: usize,
}

struct DeltaWriter<'a> {
    base: &'a [u8],
    target: &'a [u8],
    /// Keep the edges of copies between characters of the target.
    is_text: bool,
    /// How much of the target the commands in `out` cover.
    written: usize,
    out: Vec<u8>,
}

impl DeltaWriter<'_> {
    fn write(mut self) -> Vec<u8> {
        self.put_number(self.target.len() as u64);
        self.out.push(b'\n');
        if self.base.len() >= BLOCK_BYTES {
            self.write_copies();
        }
        self.write_literal(self.target.len());
        self.put_number(checksum(self.target).into());
        self.out.push(b';');
        self.out
    }

    /// Walks the target by bytes, or over a copy where one is found. Every byte that a search compares is either within
    /// the copy that it then skips or one of a few, so that the walk is linear.
    fn write_copies(&mut self) {
        let index = BlockIndex::new(self.base);
        let mut at = 0;
        let mut hash = self.target.first_chunk::<BLOCK_BYTES>().map(|block| RollingHash::of(block));
        while let Some(mut current) = hash {
            let found = index.longest(current, &self.target[at..]).and_then(|found| self.widen(at, found));
            if let Some(copy) = found {
                at = copy.target_at + copy.len;
                self.write_copy(&copy);
                hash = self.target.get(at..at + BLOCK_BYTES).map(RollingHash::of);
                continue;
            }
            hash = self.target.get(at + BLOCK_BYTES).map(|&entering| {
                current.roll(self.target[at], entering);
                current
            });
            at += 1;
        }
    }

    /// Extends a match backwards over what would be a literal, then moves its edges between characters if need be; `None`
    /// when too little is left of it.
    fn widen(&self, at: usize, found: Match) -> Option<Copy> {
        let literal = self.target[self.written..at].iter().rev();
        let before = literal.zip(self.base[..found.base_at].iter().rev()).take_while(|(a, b)| a == b).count();
        let (mut start, mut end) = (at - before, at + found.len);
        if self.is_text {
            start = (start..end).find(|&edge| self.is_character_edge(edge))?;
            end = (start..=end).rev().find(|&edge| self.is_character_edge(edge))?;
        }
        let base_at = found.base_at - before + (start - (at - before));
        let copy = Copy { base_at, target_at: start, len: end - start };
        (copy.len >= COPY_BYTES_MIN).then_some(copy)
    }

    fn is_character_edge(&self, at: usize) -> bool {
        self.target.get(at).is_none_or(|&byte| byte & 0xC0 != 0x80)
    }

    fn write_copy(&mut self, copy: &Copy) {
        self.write_literal(copy.target_at);
        self.put_number(copy.len as u64);
        self.out.push(b'@');
        self.put_number(copy.base_at as u64);
        self.out.push(b',');
        self.written += copy.len;
    }

    /// Writes what is not covered yet, up to there.
    fn write_literal(&mut self, end: usize) {
        let literal = &self.target[self.written..end];
        if !literal.is_empty() {
            self.put_number(literal.len() as u64);
            self.out.push(b':');
            self.out.extend_from_slice(literal);
            self.written = end;
        }
    }

    fn put_number(&mut self, number: u64) {
        let digits = number.checked_ilog2().unwrap_or(0) / 6;
        for digit in (0..=digits).rev() {
            self.out.push(DIGITS[(number >> (6 * digit) & 63) as usize]);
        }
    }
}
