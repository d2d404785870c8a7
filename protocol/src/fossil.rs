//! Fossil deltas: a target text as copies from a base text and literal bytes.
//!
//! A delta is `<target length>\n`, then commands, then `<checksum>;`. `<length>@<offset>,` copies from the base and
//! `<length>:` is followed by that many literal bytes. Numbers are written in base 64 with the digits `0-9A-Z_a-z~`, most
//! significant digit first. The checksum is the sum of the target's big-endian 32-bit words, the last one filled up with zeros.

mod apply;
mod create;
mod index;
#[cfg(test)]
mod tests;

pub use apply::{FossilError, apply};
pub use create::{create, create_text};

/// Digits of a number, in the order of their values.
const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

/// Checksum that ends a delta.
fn checksum(target: &[u8]) -> u32 {
    let words = target.chunks_exact(4);
    let mut last = [0; 4];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    let sum = |sum: u32, word: [u8; 4]| sum.wrapping_add(u32::from_be_bytes(word));
    let whole = words.map(|word| [word[0], word[1], word[2], word[3]]).fold(0, sum);
    sum(whole, last)
}
