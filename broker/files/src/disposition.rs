//! How a type is served: shown in place, or handed over as a download.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a header's extended value may hold as it is (RFC 8187 section 3.2.1).
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What a segment of a path may hold as it is.
pub(crate) const SEGMENT: &AsciiSet = ATTRIBUTE;

/// Whether a type is an image made of pixels; SVG is a document with script.
pub(crate) fn is_raster_image(mime: &str) -> bool {
    mime.starts_with("image/") && mime != "image/svg+xml"
}

fn is_inline(mime: &str) -> bool {
    is_raster_image(mime) || mime.starts_with("audio/") || mime.starts_with("video/") || mime == "application/pdf"
}

/// The content type that is served: the file's own, except that documents which run script are shown as plain text.
pub(crate) fn served_type(mime: &str) -> &str {
    match mime {
        "text/plain" | "text/html" | "text/xml" | "application/xhtml+xml" | "text/javascript" => {
            "text/plain; charset=utf-8"
        }
        other => other,
    }
}

/// `Content-Disposition` (RFC 6266): everything but pictures, sound, film and PDF is a download.
pub(crate) fn disposition(mime: &str, name: &str) -> String {
    let kind = if is_inline(mime) { "inline" } else { "attachment" };
    let plain =
        |letter: char| if letter.is_ascii_graphic() && !matches!(letter, '"' | '\\' | '%') { letter } else { '_' };
    let ascii: String = name.chars().map(|letter| if letter == ' ' { ' ' } else { plain(letter) }).collect();
    format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ATTRIBUTE))
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn only_what_runs_no_script_is_shown_in_place() {
        for (mime, kind) in [
            ("image/png", "inline"),
            ("audio/mpeg", "inline"),
            ("video/mp4", "inline"),
            ("application/pdf", "inline"),
            ("image/svg+xml", "attachment"),
            ("text/html", "attachment"),
            ("text/plain", "attachment"),
            ("application/octet-stream", "attachment"),
        ] {
            assert!(disposition(mime, "x").starts_with(&format!("{kind};")), "{mime}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let header = disposition("text/plain", "a\"; x=\"y\\ ü%0d.txt");
        assert_eq!(
            header,
            "attachment; filename=\"a_; x=_y_ __0d.txt\"; filename*=UTF-8''a%22%3B%20x%3D%22y%5C%20%C3%BC%250d.txt"
        );
    }
}
