//! The refresh token as a cookie (RFC 6265), which scripts cannot read and other sites cannot send.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

const NAME: &str = "refreshToken";
/// Where browsers send it.
const PATH: &str = "/api/v1/auth";
/// How long the newest refresh token is good, in seconds.
const LIFETIME_S: u32 = 30 * 24 * 60 * 60;

/// The refresh token among a request's cookies; an empty one is none.
pub(crate) fn read(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value.trim_matches('"')).filter(|value| !value.is_empty())
}

/// Sets it; `is_secure` keeps it off connections that others can read.
pub(crate) fn set(response: &mut Response, token: &str, is_secure: bool) {
    write(response, token, LIFETIME_S, is_secure);
}

/// Takes it away.
pub(crate) fn clear(response: &mut Response, is_secure: bool) {
    write(response, "", 0, is_secure);
}

fn write(response: &mut Response, value: &str, seconds: u32, is_secure: bool) {
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie = format!("{NAME}={value}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    // A refresh token is made of hexadecimal digits.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_among_others() {
        let read_from = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, line.parse().unwrap());
            }
            read(&headers).map(str::to_owned)
        };
        assert_eq!(read_from(&["a=b; refreshToken=abc ; c=d"]).as_deref(), Some("abc"));
        assert_eq!(read_from(&["a=b", "refreshToken=\"abc\""]).as_deref(), Some("abc"));
        assert_eq!(read_from(&["xrefreshToken=abc; refreshToken="]), None);
        assert_eq!(read_from(&[]), None);
    }
}
