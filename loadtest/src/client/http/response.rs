//! One response at the front of a connection's unread bytes (RFC 9112). Only bodies with a stated length are read, since
//! that is what an API answers with; anything else is an error and not a guess.

use thiserror::Error;

/// Headers that a response may have.
const HEADERS_MAX: usize = 64;

/// Bytes that a response may have in all.
pub const RESPONSE_BYTES_MAX: usize = 1 << 20;

/// Why bytes are no response that can be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ResponseError {
    /// They are no HTTP.
    #[error("no HTTP response: {0}")]
    Malformed(httparse::Error),
    /// No `content-length`, or one that is no number.
    #[error("a response without a length")]
    NoLength,
    /// Longer than [`RESPONSE_BYTES_MAX`].
    #[error("a response of more than {RESPONSE_BYTES_MAX} bytes")]
    TooLong,
}

/// A whole response.
#[derive(Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// Its status.
    pub status: u16,
    /// Whether the server ends the connection behind it.
    pub closes: bool,
    /// Its body.
    pub body: &'a [u8],
    /// Bytes from its first to its last.
    pub size: usize,
}

/// Reads the first response of `bytes`; `None` when it is not all there yet.
///
/// # Errors
/// When no continuation of the bytes can become a response that is understood.
pub fn read(bytes: &[u8]) -> Result<Option<Response<'_>>, ResponseError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).map_err(ResponseError::Malformed)? else {
        return if bytes.len() > RESPONSE_BYTES_MAX { Err(ResponseError::TooLong) } else { Ok(None) };
    };
    let (mut length, mut closes) = (None, false);
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            length = std::str::from_utf8(header.value).ok().and_then(|value| value.trim().parse::<usize>().ok());
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    let size = head.saturating_add(length.ok_or(ResponseError::NoLength)?);
    if size > RESPONSE_BYTES_MAX {
        return Err(ResponseError::TooLong);
    }
    let status = response.code.unwrap_or_default();
    Ok(bytes.get(head..size).map(|body| Response { status, closes, body, size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";

    #[test]
    fn a_response_is_read_once_its_last_byte_is_there() {
        for end in 0..WHOLE.len() {
            assert_eq!(read(&WHOLE[..end]), Ok(None), "{end}");
        }
        let more = [WHOLE, WHOLE].concat();
        let response = read(&more).unwrap().unwrap();
        assert_eq!(
            (response.status, response.closes, response.body, response.size),
            (201, false, &b"{}"[..], WHOLE.len())
        );
    }

    #[test]
    fn an_announced_end_is_noticed() {
        let bytes = b"HTTP/1.1 503 x\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n";
        assert!(read(bytes).unwrap().unwrap().closes);
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let error = |bytes: &[u8]| read(bytes).unwrap_err();
        assert_eq!(error(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), ResponseError::NoLength);
        assert_eq!(error(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n"), ResponseError::TooLong);
        assert!(matches!(error(b"\x16\x03"), ResponseError::Malformed(_)));
    }
}
