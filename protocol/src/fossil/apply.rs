//! Applying a delta, which may come from anywhere.

use thiserror::Error;

use super::{DIGITS, checksum};

/// Why a delta could not be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FossilError {
    /// The target would be longer than the caller allows.
    #[error("delta target is too large")]
    TooLarge,
    /// Not in the format, or cut off.
    #[error("malformed delta")]
    Malformed,
    /// A copy reaches beyond the base.
    #[error("delta copies from outside of its base")]
    OutOfBase,
    /// The commands make more or less than the delta announces.
    #[error("delta target has another length than announced")]
    Length,
    /// Most likely the base is not the one that the delta was made for.
    #[error("delta checksum does not match")]
    Checksum,
}

/// Makes the target from its base, at most `target_bytes_max` bytes of it.
///
/// # Errors
/// Says what is wrong; no input makes it panic or take more memory than the limit.
pub fn apply(base: &[u8], delta: &[u8], target_bytes_max: usize) -> Result<Vec<u8>, FossilError> {
    let mut reader = Reader(delta);
    let announced = reader.length()?;
    reader.expect(b'\n')?;
    if announced > target_bytes_max {
        return Err(FossilError::TooLarge);
    }
    let mut target = Vec::new();
    loop {
        let number = reader.number()?;
        let piece = match reader.byte()? {
            b'@' => reader.copy(base, number)?,
            b':' => reader.take(number)?,
            b';' => return finish(target, announced, number),
            _ => return Err(FossilError::Malformed),
        };
        if piece.len() > announced - target.len() {
            return Err(FossilError::Length);
        }
        target.extend_from_slice(piece);
    }
}

fn finish(target: Vec<u8>, announced: usize, expected: u64) -> Result<Vec<u8>, FossilError> {
    if target.len() != announced {
        return Err(FossilError::Length);
    }
    if u64::from(checksum(&target)) != expected {
        return Err(FossilError::Checksum);
    }
    Ok(target)
}

/// The rest of a delta.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, FossilError> {
        let (&byte, rest) = self.0.split_first().ok_or(FossilError::Malformed)?;
        self.0 = rest;
        Ok(byte)
    }

    fn expect(&mut self, expected: u8) -> Result<(), FossilError> {
        if self.byte()? == expected { Ok(()) } else { Err(FossilError::Malformed) }
    }

    /// One or more digits.
    fn number(&mut self) -> Result<u64, FossilError> {
        let mut number: Option<u64> = None;
        while let Some(digit) = self.0.first().and_then(|&byte| digit_value(byte)) {
            let shifted = number.unwrap_or(0).checked_mul(64).ok_or(FossilError::Malformed)?;
            number = Some(shifted | digit);
            self.0 = &self.0[1..];
        }
        number.ok_or(FossilError::Malformed)
    }

    fn length(&mut self) -> Result<usize, FossilError> {
        usize::try_from(self.number()?).map_err(|_| FossilError::TooLarge)
    }

    /// Literal bytes.
    fn take(&mut self, len: u64) -> Result<&'a [u8], FossilError> {
        let len = usize::try_from(len).map_err(|_| FossilError::Malformed)?;
        let (literal, rest) = self.0.split_at_checked(len).ok_or(FossilError::Malformed)?;
        self.0 = rest;
        Ok(literal)
    }

    /// The offset of a copy, and what it copies.
    fn copy<'b>(&mut self, base: &'b [u8], len: u64) -> Result<&'b [u8], FossilError> {
        let start = usize::try_from(self.number()?).map_err(|_| FossilError::OutOfBase)?;
        self.expect(b',')?;
        let len = usize::try_from(len).map_err(|_| FossilError::OutOfBase)?;
        let end = start.checked_add(len).ok_or(FossilError::OutOfBase)?;
        base.get(start..end).ok_or(FossilError::OutOfBase)
    }
}

fn digit_value(byte: u8) -> Option<u64> {
    let value = DIGITS.iter().position(|&digit| digit == byte)?;
    Some(value as u64)
}
