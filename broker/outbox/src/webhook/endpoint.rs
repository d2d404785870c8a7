//! Where a tenant's server is told what has happened: which URLs can be endpoints, and the secrets that sign for them.

use rand::Rng;
use rand::distr::Alphanumeric;
use url::Url;

use crate::guard::{FetchError, GuardedClient};

/// Bytes of an endpoint's URL.
const URL_BYTES_MAX: usize = 2_048;
/// Characters of a secret, 62 different ones: some 285 bits.
const SECRET_CHARACTERS: usize = 48;

/// Where a tenant's server is told what has happened.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// Where to.
    pub url: String,
    /// What signs it.
    pub secret: String,
}

/// Why a URL is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointRefusal {
    /// It is no `https` URL with a host, or has more than 2,048 bytes.
    NotHttps,
    /// It leads to an address that is not public, and its host is not in `webhooks.allow_hosts`.
    NotPublic,
}

impl EndpointRefusal {
    /// What is wanted instead, to stand behind the name of a field.
    pub fn message(self) -> &'static str {
        match self {
            Self::NotHttps => "must be a valid HTTPS URL",
            Self::NotPublic => "must lead to a public address",
        }
    }
}

/// Whether a URL can be an endpoint. A name that does not resolve now may do so when it is needed, so it can; every
/// delivery checks the address again.
///
/// # Errors
/// Why not.
pub async fn check_endpoint(client: &GuardedClient, url: &str) -> Result<(), EndpointRefusal> {
    let is_https = Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if !is_https || url.len() > URL_BYTES_MAX {
        return Err(EndpointRefusal::NotHttps);
    }
    match client.check(url).await {
        Err(FetchError::BlockedAddress) => Err(EndpointRefusal::NotPublic),
        Err(FetchError::Url | FetchError::Scheme) => Err(EndpointRefusal::NotHttps),
        _ => Ok(()),
    }
}

/// A new secret: letters and digits.
pub fn new_secret() -> String {
    rand::rng().sample_iter(Alphanumeric).take(SECRET_CHARACTERS).map(char::from).collect()
}
