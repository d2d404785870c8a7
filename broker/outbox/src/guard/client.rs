//! The client.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Certificate, Client, ClientBuilder, Method, Response, StatusCode, redirect};
use url::{Host, Url};

use super::address::is_public;
use super::allowed::AllowedHosts;
use super::errors::{ClientError, FetchError};
use super::resolve::{GuardedResolver, Lookup, SystemLookup};
use crate::retry_after::retry_after;

/// Longest time to a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Idle connections to a host, and for how long.
const IDLE_MAX: usize = 4;
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);
/// Largest file of authorities.
const AUTHORITIES_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What a client is made of.
#[derive(Clone, Debug, Default)]
pub struct GuardedClientOptions {
    /// Hosts that may be anywhere.
    pub allow_hosts: Vec<String>,
    /// PEM files of authorities trusted besides the system's.
    pub extra_ca: Vec<PathBuf>,
}

/// Bounds of a fetch.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// From the look-up of the name to the last byte, over all redirects.
    pub time_max: Duration,
    /// Most redirects that are followed.
    pub redirects_max: usize,
    /// Bytes of the body that are read; the rest is left.
    pub body_bytes_max: usize,
}

/// What was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Where it was in the end.
    pub url: Url,
    /// The answer's status.
    pub status: u16,
    /// The answer's `Content-Type`, if it has one that is text.
    pub content_type: Option<String>,
    /// The body, or its beginning.
    pub body: Bytes,
    /// Whether there was more.
    pub is_cut: bool,
}

/// The answer to a `POST`; its body is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The wait that the other side asks for.
    pub retry_after: Option<Duration>,
}

/// An HTTP client that connects to the public internet and to the hosts that are allowed, and to nothing else. It knows
/// no proxy, keeps no cookies, decompresses nothing and follows redirects only in [`GuardedClient::get`].
#[derive(Clone)]
pub struct GuardedClient {
    http: Client,
    allowed: AllowedHosts,
    resolver: GuardedResolver,
}

impl GuardedClient {
    /// A client with the machine's resolver.
    ///
    /// # Errors
    /// A file of authorities cannot be used, or there is no TLS.
    pub fn new(options: &GuardedClientOptions) -> Result<Self, ClientError> {
        Self::with_lookup(options, Arc::new(SystemLookup))
    }

    /// A client with a resolver of one's own.
    ///
    /// # Errors
    /// As [`GuardedClient::new`].
    pub fn with_lookup(options: &GuardedClientOptions, lookup: Arc<dyn Lookup>) -> Result<Self, ClientError> {
        let allowed = AllowedHosts::new(&options.allow_hosts);
        let resolver = GuardedResolver::new(lookup, allowed.clone());
        let http = build(|| builder(&resolver), &options.extra_ca)?;
        Ok(Self { http, allowed, resolver })
    }

    /// Whether a URL may be connected to as things are now: a sound scheme, and no address that is not public. It is a
    /// courtesy to whoever types a URL in; what counts is checked again with every connection.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self, url: &str) -> Result<(), FetchError> {
        let url = self.parse(url)?;
        let Some(Host::Domain(host)) = url.host() else { return Ok(()) };
        match tokio::time::timeout(CONNECT_TIME_MAX, self.resolver.is_suspect(host)).await {
            Ok(Ok(false)) => Ok(()),
            Ok(Ok(true)) => Err(FetchError::BlockedAddress),
            Ok(Err(_)) => Err(FetchError::Connection),
            Err(_) => Err(FetchError::Time),
        }
    }

    /// Fetches a URL, following redirects.
    ///
    /// # Errors
    /// See [`FetchError`]. A status that is no success is no error.
    pub async fn get(&self, url: &str, limits: FetchLimits) -> Result<Fetched, FetchError> {
        let work = async {
            let (url, mut response) = self.open(url, "*/*", limits.redirects_max).await?;
            let (status, content_type) = (response.status().as_u16(), content_type(&response));
            let mut body = BytesMut::new();
            let mut is_cut = false;
            while let Some(chunk) = response.chunk().await? {
                let room = limits.body_bytes_max - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    is_cut = true;
                    break;
                }
            }
            Ok(Fetched { url, status, content_type, body: body.freeze(), is_cut })
        };
        tokio::time::timeout(limits.time_max, work).await.unwrap_or(Err(FetchError::Time))
    }

    /// Posts a body. Redirects are not followed, the answer's body is not read.
    ///
    /// # Errors
    /// See [`FetchError`]. A status that is no success is no error.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Bytes,
        time_max: Duration,
    ) -> Result<Answer, FetchError> {
        let url = self.parse(url)?;
        let request = self.http.post(url).headers(header_map(headers)?).body(body).timeout(time_max);
        let response = request.send().await?;
        Ok(Answer { status: response.status().as_u16(), retry_after: retry_after(response.headers()) })
    }

    /// Asks for a URL and follows redirects up to the answer's head; the caller bounds the time and reads the body.
    pub(crate) async fn open(
        &self,
        url: &str,
        accept: &'static str,
        redirects_max: usize,
    ) -> Result<(Url, Response), FetchError> {
        let mut url = self.parse(url)?;
        for _ in 0..=redirects_max {
            let request = self.http.request(Method::GET, url.clone()).header(ACCEPT, accept);
            let response = request.send().await?;
            match target(&url, &response) {
                Some(next) => url = self.parse(next?.as_str())?,
                None => return Ok((url, response)),
            }
        }
        Err(FetchError::Redirects)
    }

    /// Whether a URL has a sound scheme and, if its host is an address, one that may be reached.
    pub(crate) fn may_reach(&self, url: &str) -> bool {
        self.parse(url).is_ok()
    }

    fn parse(&self, url: &str) -> Result<Url, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Scheme);
        }
        let host = url.host().ok_or(FetchError::Url)?;
        let address = match &host {
            Host::Domain(_) => return Ok(url),
            Host::Ipv4(address) => (*address).into(),
            Host::Ipv6(address) => (*address).into(),
        };
        // The client asks no resolver for these.
        match is_public(address) || self.allowed.contains(&host.to_string()) {
            true => Ok(url),
            false => Err(FetchError::BlockedAddress),
        }
    }
}

/// Where a redirect leads; absent when the answer is none.
fn target(url: &Url, response: &Response) -> Option<Result<Url, FetchError>> {
    let is_redirect = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get(LOCATION).filter(|_| is_redirect)?;
    let joined = location.to_str().ok().and_then(|location| url.join(location).ok());
    Some(joined.ok_or(FetchError::Url))
}

/// The `Content-Type` of an answer.
pub(crate) fn content_type(response: &Response) -> Option<String> {
    response.headers().get(CONTENT_TYPE)?.to_str().ok().map(str::to_owned)
}

fn header_map(headers: &[(&'static str, String)]) -> Result<HeaderMap, FetchError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).map_err(|_| FetchError::Url)?;
        map.insert(HeaderName::from_static(name), value);
    }
    Ok(map)
}

fn builder(resolver: &GuardedResolver) -> ClientBuilder {
    crate::install_crypto();
    Client::builder()
        .dns_resolver(Arc::new(resolver.clone()))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIME_MAX)
        .pool_max_idle_per_host(IDLE_MAX)
        .pool_idle_timeout(IDLE_TIME_MAX)
        .user_agent(concat!("natter/", env!("CARGO_PKG_VERSION")))
}

/// A client that trusts the authorities of PEM files besides the system's.
pub(crate) fn build(make: impl Fn() -> ClientBuilder, extra_ca: &[PathBuf]) -> Result<Client, ClientError> {
    let authorities = authorities(extra_ca)?;
    let merged = make().tls_certs_merge(authorities.clone()).build();
    let client = merged.or_else(|error| {
        // A machine may have no authorities of its own; then only those of the files count.
        tracing::warn!(%error, "the system's authorities cannot be used");
        make().tls_certs_only(authorities).build()
    });
    client.map_err(ClientError::Tls)
}

/// The certificates of PEM files.
fn authorities(files: &[PathBuf]) -> Result<Vec<Certificate>, ClientError> {
    let mut certificates = Vec::new();
    for file in files {
        certificates.extend(
            read_authorities(file)
                .map_err(|reason| ClientError::Authorities { file: file.display().to_string(), reason })?,
        );
    }
    Ok(certificates)
}

fn read_authorities(file: &Path) -> Result<Vec<Certificate>, String> {
    let length = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
    if length > AUTHORITIES_BYTES_MAX {
        return Err(format!("larger than {AUTHORITIES_BYTES_MAX} bytes"));
    }
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| error.to_string())?;
    if certificates.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(certificates) }
}
