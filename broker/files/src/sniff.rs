//! The type of a file, from how it begins.

/// Bytes that decide a type.
pub(crate) const SNIFF_BYTES: usize = 8 * 1024;

const BINARY: &str = "application/octet-stream";

/// The type of a file that begins with `start` (at most [`SNIFF_BYTES`] of it are looked at). `is_whole` says that
/// nothing follows.
pub(crate) fn sniff(start: &[u8], is_whole: bool) -> &'static str {
    let start = start.get(..SNIFF_BYTES).unwrap_or(start);
    // Markup first: some of it is also the beginning of other types, and it is what must not be missed.
    if let Some(text) = as_text(start, is_whole) {
        if let Some(mime) = markup(text) {
            return mime;
        }
        return match infer::get(start) {
            Some(kind) if is_binary_with_text_start(kind.mime_type()) => kind.mime_type(),
            _ if start.is_empty() => BINARY,
            _ => "text/plain",
        };
    }
    infer::get(start).map_or(BINARY, |kind| kind.mime_type())
}

/// Types whose first bytes can be all text.
fn is_binary_with_text_start(mime: &str) -> bool {
    matches!(mime, "application/pdf" | "image/gif" | "application/postscript" | "application/rtf")
}

/// The beginning of a file as text; a character that is cut at its end does not count.
fn as_text(start: &[u8], is_whole: bool) -> Option<&str> {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && !is_whole => {
            std::str::from_utf8(start.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let is_text = |letter: char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r' | '\u{c}');
    text.chars().all(is_text).then_some(text)
}

/// Markup that a browser would run, if it were let.
fn markup(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
    if !text.starts_with('<') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let has = |tag: &str| lower.contains(tag);
    if has("<svg") && !has("<html") {
        return Some("image/svg+xml");
    }
    if [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<div",
        "<table",
        "<style",
        "<title",
        "<a ",
        "<p>",
        "<h1",
        "<br",
        "<b>",
        "<font",
        "<!--",
    ]
    .iter()
    .any(|tag| has(tag))
    {
        return Some("text/html");
    }
    lower.starts_with("<?xml").then_some("text/xml")
}

#[cfg(test)]
mod tests {
    use super::sniff;
    use proptest::prelude::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn the_content_tells_the_type() {
        for (start, mime) in [
            (PNG, "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a\x01\0\x01\0", "image/gif"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"PK\x03\x04\x14\0", "application/zip"),
            (b"ID3\x03\0\0\0\0", "audio/mpeg"),
            (b"hello, world", "text/plain"),
            ("gr\u{fc}\u{df}e".as_bytes(), "text/plain"),
            (b"\0\x01\x02\x03", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(sniff(start, true), mime, "{start:?}");
        }
    }

    #[test]
    fn markup_is_found_whatever_it_pretends_to_be() {
        for (start, mime) in [
            ("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "image/svg+xml"),
            ("<?xml version=\"1.0\"?>\n<!-- x --><SVG onload=alert(1)>", "image/svg+xml"),
            ("\u{feff} <!DOCTYPE html><html>", "text/html"),
            ("<script>alert(1)</script>", "text/html"),
            ("<?xml version=\"1.0\"?><feed/>", "text/xml"),
            ("1 < 2", "text/plain"),
        ] {
            assert_eq!(sniff(start.as_bytes(), true), mime, "{start}");
        }
    }

    #[test]
    fn a_letter_cut_in_two_is_still_text() {
        assert_eq!(sniff(b"gr\xc3", false), "text/plain");
        assert_eq!(sniff(b"gr\xc3", true), "application/octet-stream");
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_type(bytes: Vec<u8>, is_whole: bool) {
            prop_assert!(sniff(&bytes, is_whole).contains('/'));
        }
    }
}
