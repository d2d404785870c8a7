//! A regular expression in the configuration, compiled once and compared by its text.

use serde::{Deserialize, Deserializer, de::Error};

/// Compiled form's largest size in bytes: a namespace's expression must stay cheap.
const COMPILED_BYTES_MAX: usize = 256 * 1024;

/// An optional regular expression; the empty one matches everything.
#[derive(Debug, Clone, Default)]
pub struct Pattern(Option<regex::Regex>);

impl Pattern {
    /// Compiles a text.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let compiled = regex::RegexBuilder::new(text).size_limit(COMPILED_BYTES_MAX).build();
        let last_line = |error: regex::Error| error.to_string().lines().last().unwrap_or_default().to_owned();
        compiled
            .map(|regex| Self(Some(regex)))
            .map_err(|error| format!("{text:?} is no regular expression: {}", last_line(error)))
    }

    /// Whether a text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    /// The text it was made of.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", regex::Regex::as_str)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
