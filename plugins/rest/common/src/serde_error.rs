//! From a decoder's error to a rejection that names the field.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Path;

use crate::rejection::Rejection;

/// Longest part of a decoder's message that is sent back, in characters: it can quote what the client sent.
const MESSAGE_CHARS_MAX: usize = 200;

/// Decodes JSON; an empty body counts as `{}`, since calls whose fields are all optional may come without one.
///
/// Unknown fields are refused where `T` says `#[serde(deny_unknown_fields)]`.
///
/// # Errors
/// `InvalidJson` with the position, or `Invalid` with the path of the wrong field. A list is refused as well: serde would
/// take it for the fields of a struct in their order.
pub fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Rejection> {
    let body = if body.is_empty() { b"{}".as_slice() } else { body };
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Rejection::invalid("", "The body must be an object"));
    }
    let mut decoder = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut decoder).map_err(|error| {
        let path = field_path(error.path());
        json_rejection(&path, &error.into_inner())
    })?;
    decoder.end().map_err(|error| json_rejection("", &error))?;
    Ok(value)
}

fn json_rejection(path: &str, error: &serde_json::Error) -> Rejection {
    let text = error.to_string();
    // serde_json writes the position at the end of every message.
    let message = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
    match error.classify() {
        Category::Data => field_rejection(path, message),
        Category::Syntax | Category::Eof | Category::Io => {
            Rejection::InvalidJson { message: shortened(message), line: error.line(), column: error.column() }
        }
    }
}

/// The wrong field: `path`, and under it the field that the message says is missing, unknown or there twice.
pub(crate) fn field_rejection(path: &str, message: &str) -> Rejection {
    for (start, what) in [
        ("missing field `", "is required"),
        ("unknown field `", "is not known"),
        ("duplicate field `", "is there twice"),
    ] {
        if let Some((name, _)) = message.strip_prefix(start).and_then(|rest| rest.split_once('`')) {
            // The decoder's path ends with an unknown field already.
            let parent = path.strip_suffix(name).map_or(path, |parent| parent.trim_end_matches('.'));
            let name = shortened(name);
            let field = if parent.is_empty() { name } else { format!("{parent}.{name}") };
            return Rejection::invalid(field, what);
        }
    }
    let message = message.rsplit_once(", expected ").map_or_else(
        || shortened(message),
        |(found, expected)| format!("{}, expected {}", shortened(found), plain_name(expected)),
    );
    if path.is_empty() {
        return Rejection::invalid(path, format!("The body is wrong: {message}"));
    }
    Rejection::invalid(path, format!("is wrong: {message}"))
}

/// What a client calls that which a decoder expected.
fn plain_name(expected: &str) -> String {
    match expected.split(' ').next().unwrap_or_default() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "struct" | "internally" | "adjacently" => "an object".to_owned(),
        _ if expected == "a map" => "an object".to_owned(),
        _ if expected == "a sequence" => "a list".to_owned(),
        _ => shortened(expected),
    }
}

/// The path of a field; the whole body has none.
pub(crate) fn field_path(path: &Path) -> String {
    let text = path.to_string();
    if text == "." { String::new() } else { shortened(&text) }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
