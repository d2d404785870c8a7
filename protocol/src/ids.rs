//! The 96-bit, time-ordered id of every entity.
//!
//! Both printed forms hold the same 24 hex digits: bare, and as a UUID of version 8 with the digits around the version and
//! the variant and zeros at its end. Ids sort by time in bytes and in both texts. Clock and randomness are arguments.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bits of each half of an id.
const HALF_BITS: u32 = 48;
/// Where the 24 digits stand in the UUID form, as (first byte of the text, first digit, digits).
const UUID_GROUPS: [(usize, usize, usize); 5] = [(0, 0, 8), (9, 8, 4), (15, 12, 3), (20, 15, 3), (24, 18, 6)];
/// The UUID form with all digits 0.
const UUID_ZERO: [u8; 36] = *b"00000000-0000-8000-8000-000000000000";

/// Id of an entity: 48 bits of Unix time in milliseconds, then 48 random bits, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub [u8; 12]);

impl EntityId {
    /// Makes an id from the low 48 bits of the time (enough until the year 10889) and of a random number.
    pub fn new(unix_ms: u64, random: u64) -> Self {
        let low_half = (1_u128 << HALF_BITS) - 1;
        let value = (u128::from(unix_ms) & low_half) << HALF_BITS | u128::from(random) & low_half;
        let mut id = [0; 12];
        id.copy_from_slice(&value.to_be_bytes()[4..]);
        Self(id)
    }

    /// The time inside the id, in Unix milliseconds; meaningless for an id that was not made by [`EntityId::new`].
    pub fn unix_ms(self) -> u64 {
        self.0[..6].iter().fold(0, |time, &byte| time << 8 | u64::from(byte))
    }

    /// Reads 24 lower-case hex digits; `None` for anything else.
    pub fn parse_hex(text: &str) -> Option<Self> {
        let digits: &[u8; 24] = text.as_bytes().try_into().ok()?;
        if digits.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        Self::from_digits(digits)
    }

    /// Reads the UUID form, in either letter case as UUIDs are; `None` for a UUID of another form and anything else.
    pub fn parse_uuid(text: &str) -> Option<Self> {
        let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
        let mut digits = [0; 24];
        let mut frame = *text;
        for (at, digit, count) in UUID_GROUPS {
            digits[digit..digit + count].copy_from_slice(&text[at..at + count]);
            frame[at..at + count].fill(b'0');
        }
        if frame != UUID_ZERO {
            return None;
        }
        Self::from_digits(&digits)
    }

    /// The id as 24 lower-case hex digits.
    pub fn to_hex(self) -> String {
        self.to_string()
    }

    /// The id as a lower-case UUID of version 8.
    pub fn to_uuid(self) -> String {
        let digits = self.to_hex();
        let [a, b, c, d, e] = UUID_GROUPS.map(|(_, digit, count)| &digits[digit..digit + count]);
        format!("{a}-{b}-8{c}-8{d}-{e}000000")
    }

    fn from_digits(digits: &[u8; 24]) -> Option<Self> {
        let mut id = [0; 12];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_value(pair[0])? << 4 | hex_value(pair[1])?;
        }
        Some(Self(id))
    }
}

/// Writes the 24 digits.
impl Display for EntityId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// As 24 hex digits.
impl Serialize for EntityId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EntityId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_hex(&text).ok_or_else(|| D::Error::custom("not 24 hex digits"))
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEX: &str = "0123456789abcdef01234567";
    const UUID: &str = "01234567-89ab-8cde-8f01-234567000000";

    #[test]
    fn both_forms_hold_the_same_digits() {
        let id = EntityId::parse_hex(HEX).expect("24 digits");
        assert_eq!((id.to_hex(), id.to_uuid()), (HEX.to_owned(), UUID.to_owned()));
        assert_eq!(EntityId::parse_uuid(UUID), Some(id));
        assert_eq!(EntityId::parse_uuid(&UUID.to_ascii_uppercase()), Some(id));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "0123", &HEX.to_ascii_uppercase(), &HEX[1..], &format!("{HEX}0"), "0123456789abcdef0123456g", UUID]
        {
            assert_eq!(EntityId::parse_hex(text), None, "{text}");
        }
        let foreign = [
            "01234567-89ab-4cde-8f01-234567000000",
            "01234567-89ab-8cde-9f01-234567000000",
            "01234567-89ab-8cde-8f01-234567000001",
            "0123456789ab-8cde-8f01-2345670000000",
            "01234567-89ab-8cde-8f01-23456g000000",
            HEX,
        ];
        for text in foreign {
            assert_eq!(EntityId::parse_uuid(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_id_survives_both_forms(bytes: [u8; 12]) {
            let id = EntityId(bytes);
            prop_assert_eq!(EntityId::parse_hex(&id.to_hex()), Some(id));
            prop_assert_eq!(EntityId::parse_uuid(&id.to_uuid()), Some(id));
        }

        #[test]
        fn ids_sort_by_time(early in 0..1_u64 << 47, later in 1..1_u64 << 46, random: [u64; 2]) {
            let (first, second) = (EntityId::new(early, random[0]), EntityId::new(early + later, random[1]));
            prop_assert!(first < second && first.to_hex() < second.to_hex() && first.to_uuid() < second.to_uuid());
            prop_assert_eq!(second.unix_ms(), early + later);
        }

        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = (EntityId::parse_hex(&text), EntityId::parse_uuid(&text));
        }
    }
}
