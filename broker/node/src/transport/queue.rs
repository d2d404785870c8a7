//! What waits to be written to one connection. Bounded in bytes by its owner.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// Slices that one vectored write is given at most.
const SLICES_MAX: usize = 64;
/// A drained queue that has grown beyond this many entries gives its memory back.
const KEPT_CAPACITY: usize = 8;

/// Whole frames in order; the first may be written in part.
#[derive(Debug, Default)]
pub struct SendQueue {
    frames: VecDeque<Bytes>,
    bytes: usize,
    is_front_partial: bool,
}

impl SendQueue {
    /// Adds a frame, or several in one piece.
    pub fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Takes the first frame, or what is left of it.
    pub fn pop(&mut self) -> Option<Bytes> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        self.is_front_partial = false;
        Some(frame)
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Drops every frame of which nothing has been written.
    pub fn drop_unwritten(&mut self) {
        self.frames.truncate(usize::from(self.is_front_partial));
        self.bytes = self.frames.front().map_or(0, Bytes::len);
    }

    /// Fills `slices` with what is to be written next and returns how many were filled.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX]) -> usize {
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.frames) {
            *slice = IoSlice::new(frame);
            count += 1;
        }
        count
    }

    /// The single frame that waits, if it is the only one.
    pub(crate) fn single(&self) -> Option<&Bytes> {
        if self.frames.len() == 1 { self.frames.front() } else { None }
    }

    /// Takes away what has been written.
    pub(crate) fn advance(&mut self, mut written: usize) {
        self.bytes -= written.min(self.bytes);
        while written > 0
            && let Some(front) = self.frames.front_mut()
        {
            if written < front.len() {
                front.advance(written);
                self.is_front_partial = true;
                return;
            }
            written -= front.len();
            self.frames.pop_front();
            self.is_front_partial = false;
        }
        if self.frames.is_empty() && self.frames.capacity() > KEPT_CAPACITY {
            self.frames = VecDeque::new();
        }
    }

    /// An array of empty slices to fill.
    pub(crate) fn empty_slices<'a>() -> [IoSlice<'a>; SLICES_MAX] {
        [IoSlice::new(&[]); SLICES_MAX]
    }
}
