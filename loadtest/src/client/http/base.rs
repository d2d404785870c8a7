//! The base URL of an HTTP interface: where to connect, and what its requests begin with.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, Result, bail};
use tungstenite::http::Uri;

/// A resolved `http://` base.
#[derive(Debug, Clone)]
pub struct HttpBase {
    /// The URL without a slash at its end.
    pub url: String,
    /// Where it leads.
    pub socket: SocketAddr,
    authority: String,
    path: String,
}

impl HttpBase {
    /// Parses and resolves `url`.
    ///
    /// # Errors
    /// When it is no `http://` URL or its host does not resolve.
    pub fn parse(url: &str) -> Result<Self> {
        let url = url.trim_end_matches('/');
        let uri: Uri = url.parse().with_context(|| format!("bad URL {url}"))?;
        if uri.scheme_str() != Some("http") {
            bail!("{url}: only http:// is supported");
        }
        let authority = uri.authority().with_context(|| format!("{url}: no host"))?;
        let (host, port) = (authority.host(), uri.port_u16().unwrap_or(80));
        let socket = (host, port).to_socket_addrs()?.next().with_context(|| format!("{host} does not resolve"))?;
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { url: url.to_owned(), socket, authority: authority.to_string(), path })
    }

    /// The head of a POST to `path` with a JSON body, up to the value of its length (RFC 9112, section 3).
    #[must_use]
    pub fn post_head(&self, path: &str, headers: &[(&str, &str)]) -> String {
        let (base, host) = (&self.path, &self.authority);
        let mut head = format!("POST {base}{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head + "content-length: "
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_http_only() {
        let base = HttpBase::parse("http://127.0.0.1:5501/chat/").unwrap();
        assert_eq!(base.socket.to_string(), "127.0.0.1:5501");
        assert_eq!(base.url, "http://127.0.0.1:5501/chat");
        assert!(HttpBase::parse("https://127.0.0.1").is_err());
        assert!(HttpBase::parse("127.0.0.1:5501").is_err());
    }

    #[test]
    fn a_head_names_path_and_host() {
        let base = HttpBase::parse("http://127.0.0.1:5501/chat").unwrap();
        let head = base.post_head("/tokens", &[("x-api-key", "k")]);
        assert_eq!(
            head,
            "POST /chat/tokens HTTP/1.1\r\nhost: 127.0.0.1:5501\r\ncontent-type: application/json\r\n\
             x-api-key: k\r\ncontent-length: "
        );
    }
}
