//! Numbers that page through lists, in a query or a body.
//!
//! They are read from texts and from numbers. What is no whole number or too small is a validation error of its field;
//! what is too large is clamped ([`Limit`]) or refused ([`InRange`]), as the document has it.

use std::borrow::Cow;
use std::fmt::{self, Formatter};

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// How many items to answer with: from 1, `DEFAULT` unless given, clamped at `MAX`. Use it with `#[serde(default)]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit<const DEFAULT: u32, const MAX: u32>(u32);

impl<const DEFAULT: u32, const MAX: u32> Limit<DEFAULT, MAX> {
    /// The number, 1 to `MAX`.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

impl<const DEFAULT: u32, const MAX: u32> Default for Limit<DEFAULT, MAX> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<'de, const DEFAULT: u32, const MAX: u32> Deserialize<'de> for Limit<DEFAULT, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole(deserializer)?;
        if number < 1 { Err(too_small(1)) } else { Ok(Self(clamped(number, MAX))) }
    }
}

/// A number that must lie between `MIN` and `MAX`, both included. There is no default: use `Option` or a serde default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InRange<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> InRange<MIN, MAX> {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for InRange<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole(deserializer)?;
        if (i64::from(MIN)..=i64::from(MAX)).contains(&number) {
            Ok(Self(clamped(number, MAX)))
        } else {
            Err(D::Error::custom(format_args!("must be a number from {MIN} to {MAX}")))
        }
    }
}

/// How many items to pass over: from 0, which is the default. Use it with `#[serde(default)]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset(u32);

impl Offset {
    /// The number.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole(deserializer)?;
        if number < 0 { Err(too_small(0)) } else { Ok(Self(clamped(number, u32::MAX))) }
    }
}

/// A page's number: from 1, which is the default. Use it with `#[serde(default)]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page(u32);

impl Page {
    /// The number, from 1.
    pub fn get(self) -> u32 {
        self.0
    }

    /// How many items stand before the page, if each holds `per_page`.
    pub fn offset(self, per_page: usize) -> usize {
        (self.0 as usize - 1).saturating_mul(per_page)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self(1)
    }
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole(deserializer)?;
        if number < 1 { Err(too_small(1)) } else { Ok(Self(clamped(number, u32::MAX))) }
    }
}

fn too_small<E: Error>(least: i64) -> E {
    E::custom(format_args!("must be a number of at least {least}"))
}

fn clamped(number: i64, max: u32) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX).min(max)
}

/// Reads a whole number; one that is out of reach becomes the largest or the smallest.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_any(WholeNumber)
}

struct WholeNumber;

impl Visitor<'_> for WholeNumber {
    type Value = i64;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        Ok(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(E::custom("must be a whole number"));
        }
        let beyond = if text.starts_with('-') { i64::MIN } else { i64::MAX };
        Ok(text.parse().unwrap_or(beyond))
    }
}

/// The schema of one of these types by its name.
pub(crate) fn schema_of(name: &str) -> Option<serde_json::Value> {
    let bounds = |bounds: &str| {
        let (first, second) = bounds.split_once('_')?;
        Some((first.parse::<u32>().ok()?, second.parse::<u32>().ok()?))
    };
    let schema = match name {
        "Offset" => Offset::schema(),
        "Page" => Page::schema(),
        _ => match (name.strip_prefix("Limit_").and_then(bounds), name.strip_prefix("InRange_").and_then(bounds)) {
            (Some((default, _)), _) => integer(1, None, Some(default)),
            (_, Some((minimum, maximum))) => integer(minimum, Some(maximum), None),
            _ => return None,
        },
    };
    serde_json::to_value(schema).ok()
}

fn integer(minimum: u32, maximum: Option<u32>, default: Option<u32>) -> RefOr<Schema> {
    let builder = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(minimum))
        .maximum(maximum)
        .default(default.map(serde_json::Value::from));
    RefOr::T(Schema::Object(builder.build()))
}

impl<const DEFAULT: u32, const MAX: u32> PartialSchema for Limit<DEFAULT, MAX> {
    fn schema() -> RefOr<Schema> {
        // No maximum: more is allowed, and clamped.
        integer(1, None, Some(DEFAULT))
    }
}

impl<const DEFAULT: u32, const MAX: u32> ToSchema for Limit<DEFAULT, MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Limit_{DEFAULT}_{MAX}"))
    }
}

impl<const MIN: u32, const MAX: u32> PartialSchema for InRange<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        integer(MIN, Some(MAX), None)
    }
}

impl<const MIN: u32, const MAX: u32> ToSchema for InRange<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("InRange_{MIN}_{MAX}"))
    }
}

impl PartialSchema for Offset {
    fn schema() -> RefOr<Schema> {
        integer(0, None, Some(0))
    }
}

impl ToSchema for Offset {}

impl PartialSchema for Page {
    fn schema() -> RefOr<Schema> {
        integer(1, None, Some(1))
    }
}

impl ToSchema for Page {}
