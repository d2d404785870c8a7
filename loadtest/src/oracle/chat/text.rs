//! The texts of a run: what a message says is known from its key and its version, so any text can be checked byte for byte.

use xxhash_rust::xxh3::xxh3_64;

/// The text of a version of a message: 0 as it was sent, 1 and more by edits. Sizes vary, so that records do not align.
#[must_use]
pub fn of(key: &str, version: u64) -> String {
    let mark = format!("{key} {version} ");
    let padding = "x".repeat((xxh3_64(mark.as_bytes()) % 300) as usize);
    mark + &padding
}

/// The key and version of a text; `None` when it is no text of a run, or not all of it.
pub(super) fn read(text: &str) -> Option<(&str, u64)> {
    let mut parts = text.splitn(3, ' ');
    let (key, version) = (parts.next()?, parts.next()?.parse().ok()?);
    (of(key, version) == text).then_some((key, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_texts_are_read() {
        let text = of("c1-7", 3);
        assert_eq!(read(&text), Some(("c1-7", 3)));
        assert_eq!(read(&text[..text.len() - 1]), None);
        assert_eq!(read(&(text + "x")), None);
        assert_eq!(read("hello"), None);
        assert_eq!(read(""), None);
    }
}
