//! The id of a file: 128 random bits, which are all that protects it.

use std::fmt::{self, Display, Formatter};

use crate::error::FileError;

const BYTES: usize = 16;

/// 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId([u8; BYTES]);

impl FileId {
    /// Makes one that nobody can guess.
    pub(crate) fn random() -> Result<Self, FileError> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(FileError::Random)?;
        Ok(Self(bytes))
    }

    /// Reads 32 lower-case hex digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: &[u8; 2 * BYTES] = text.as_bytes().try_into().ok()?;
        if !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl Display for FileId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}
