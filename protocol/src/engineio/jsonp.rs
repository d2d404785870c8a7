//! Polling through scripts, for pages of browsers without CORS (revision 3).

use bytes::{BufMut, Bytes, BytesMut};

/// Digits of an index that are looked at.
const INDEX_DIGITS_MAX: usize = 9;

/// The index of the callback that the query parameter `j` names: its digits, and nothing else of it.
pub fn index(parameter: &str) -> String {
    parameter.chars().filter(char::is_ascii_digit).take(INDEX_DIGITS_MAX).collect()
}

/// The script that hands a body to the page: `___eio[0]("…");`. What JavaScript once took for line ends is escaped.
pub fn script(index: &str, body: &str) -> Bytes {
    let literal = serde_json::to_string(body).unwrap_or_default();
    let mut out = BytesMut::with_capacity(literal.len() + 24);
    out.put_slice(b"___eio[");
    out.put_slice(index.as_bytes());
    out.put_slice(b"](");
    let mut rest = literal.as_str();
    while let Some(at) = rest.find(['\u{2028}', '\u{2029}']) {
        out.put_slice(&rest.as_bytes()[..at]);
        out.put_slice(if rest[at..].starts_with('\u{2028}') { b"\\u2028" } else { b"\\u2029" });
        rest = &rest[at + 3..];
    }
    out.put_slice(rest.as_bytes());
    out.put_slice(b");");
    out.freeze()
}

/// The body inside a form's field `d`. Browsers change line ends in forms, so clients write `\n` for them and double the
/// backslash of a `\n` that is meant. `None` when there is no such field, or when it is no text.
pub fn body_of_form(form: &[u8]) -> Option<Bytes> {
    let field = form.split(|byte| *byte == b'&').find_map(|field| field.strip_prefix(b"d="))?;
    let text = String::from_utf8(percent_decoded(field)?).ok()?;
    Some(Bytes::from(unescaped(&text)))
}

fn percent_decoded(field: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(field.len());
    let mut bytes = field.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => out.push(hex(*bytes.next()?)? << 4 | hex(*bytes.next()?)?),
            _ => out.push(byte),
        }
    }
    Some(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// One backslash and `n` is a line end; of two backslashes before an `n` one goes.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\n") {
        let (before, behind) = (&rest[..at], &rest[at + 2..]);
        match before.strip_suffix('\\') {
            Some(before) => {
                out.push_str(before);
                out.push_str("\\n");
            }
            None => {
                out.push_str(before);
                out.push('\n');
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}
