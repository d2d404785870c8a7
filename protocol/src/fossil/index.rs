//! Index of a base text: where blocks of 16 bytes stand, by a hash that rolls along the target.

/// Bytes of a block, and so the shortest copy that is looked for.
pub(super) const BLOCK_BYTES: usize = 16;
/// How many places with equal hash are tried; bounds the work on texts that repeat themselves.
const CANDIDATES_MAX: usize = 8;
/// Base of the polynomial that is the hash.
const MULTIPLIER: u32 = 0x0100_0193;
/// Weight of the oldest byte of a block: the multiplier to the power of [`BLOCK_BYTES`] - 1.
const OLDEST_WEIGHT: u32 = MULTIPLIER.wrapping_pow(BLOCK_BYTES as u32 - 1);
/// End of a chain, and an empty slot.
const NONE: u32 = u32::MAX;

/// Hash of the last [`BLOCK_BYTES`] bytes.
#[derive(Clone, Copy)]
pub(super) struct RollingHash(u32);

impl RollingHash {
    pub(super) fn of(block: &[u8]) -> Self {
        Self(block.iter().fold(0, |hash, &byte| push(hash, byte)))
    }

    /// Moves the window on by one byte.
    pub(super) fn roll(&mut self, leaving: u8, entering: u8) {
        let rest = self.0.wrapping_sub(u32::from(leaving).wrapping_mul(OLDEST_WEIGHT));
        self.0 = push(rest, entering);
    }
}

fn push(hash: u32, byte: u8) -> u32 {
    hash.wrapping_mul(MULTIPLIER).wrapping_add(u32::from(byte))
}

/// Chained hash table over the blocks of a base.
pub(super) struct BlockIndex<'a> {
    base: &'a [u8],
    /// First block of each slot; a power of two of them.
    heads: Vec<u32>,
    /// Next block in the slot of each block.
    next: Vec<u32>,
}

/// Part of the base that equals part of the target.
#[derive(Clone, Copy)]
pub(super) struct Match {
    pub(super) base_at: usize,
    pub(super) len: usize,
}

impl<'a> BlockIndex<'a> {
    /// Indexes whole blocks of the base at multiples of the block size; of a base above 64 GiB only the beginning.
    pub(super) fn new(base: &'a [u8]) -> Self {
        let blocks = u32::try_from(base.len() / BLOCK_BYTES).unwrap_or(NONE);
        let mut index =
            Self { base, heads: vec![NONE; (blocks as usize).next_power_of_two()], next: vec![NONE; blocks as usize] };
        // From the end, so that the first of equal blocks, from which the longest copy is possible, is tried first.
        for block in (0..blocks).rev() {
            let at = block as usize * BLOCK_BYTES;
            let slot = index.slot(RollingHash::of(&base[at..at + BLOCK_BYTES]));
            index.next[block as usize] = std::mem::replace(&mut index.heads[slot], block);
        }
        index
    }

    fn slot(&self, hash: RollingHash) -> usize {
        // The low bits of the hash depend on the low bits of the bytes only, which differ little between letters.
        let mixed = hash.0 ^ hash.0 >> 15;
        mixed as usize & (self.heads.len() - 1)
    }

    /// The longest of the tried copies for the beginning of `target`, whose first block has the hash.
    pub(super) fn longest(&self, hash: RollingHash, target: &[u8]) -> Option<Match> {
        self.candidates(hash)
            .map(|base_at| Match { base_at, len: common_prefix(&self.base[base_at..], target) })
            .filter(|found| found.len >= BLOCK_BYTES)
            .reduce(|best, found| if found.len > best.len { found } else { best })
    }

    fn candidates(&self, hash: RollingHash) -> impl Iterator<Item = usize> {
        let first = self.heads[self.slot(hash)];
        let chain = std::iter::successors(Some(first), |&block| self.next.get(block as usize).copied());
        chain.take_while(|&block| block != NONE).take(CANDIDATES_MAX).map(|block| block as usize * BLOCK_BYTES)
    }
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.chunks_exact(BLOCK_BYTES).zip(b.chunks_exact(BLOCK_BYTES));
    let len = blocks.take_while(|(a, b)| a == b).count() * BLOCK_BYTES;
    len + a[len..].iter().zip(&b[len..]).take_while(|(a, b)| a == b).count()
}
