//! Looks links up.

use std::time::Duration;

use natter_node::config::LinkPreviews;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::cache::PreviewCache;
use super::error::PreviewError;
use super::link::{LinkPreview, LinkType};
use super::page::PageReader;
use super::video;
use crate::guard::{ClientError, FetchError, GuardedClient, GuardedClientOptions, content_type};

/// Bounds of a look-up.
#[derive(Clone, Copy, Debug)]
pub struct LinkPreviewerOptions {
    /// From the look-up of the name to the last byte that is read.
    pub time_max: Duration,
    /// Most redirects.
    pub redirects_max: usize,
    /// Bytes of a page that are read at most.
    pub page_bytes_max: usize,
}

impl Default for LinkPreviewerOptions {
    /// 5 seconds, 3 redirects, 1 MiB.
    fn default() -> Self {
        Self { time_max: Duration::from_secs(5), redirects_max: 3, page_bytes_max: 1024 * 1024 }
    }
}

/// Looks links up, each at most once in 24 hours as far as the cache reaches; clones share it.
#[derive(Clone)]
pub struct LinkPreviewer {
    client: GuardedClient,
    options: LinkPreviewerOptions,
    cache: PreviewCache,
}

impl LinkPreviewer {
    /// Looks up with this client.
    pub fn new(client: GuardedClient, options: LinkPreviewerOptions) -> Self {
        Self { client, options, cache: PreviewCache::new() }
    }

    /// With the defaults and the hosts that `[link_previews]` allows.
    ///
    /// # Errors
    /// There is no TLS.
    pub fn from_config(config: &LinkPreviews) -> Result<Self, ClientError> {
        let options = GuardedClientOptions { allow_hosts: config.allow_hosts.clone(), ..Default::default() };
        Ok(Self::new(GuardedClient::new(&options)?, LinkPreviewerOptions::default()))
    }

    /// What is shown of a link. A link to a video has a preview even if its page cannot be fetched.
    ///
    /// # Errors
    /// See [`PreviewError`].
    pub async fn preview(&self, url: &str) -> Result<LinkPreview, PreviewError> {
        if let Some(known) = self.cache.get(url) {
            return known;
        }
        let fetched = self.fetch(url).await;
        let result = match (video::from_url(url), fetched) {
            (Some(video), Ok(page)) => Ok(joined(video, page)),
            // The title may be there in a while, so this is not kept.
            (Some(video), Err(_)) => return Ok(video),
            (None, fetched) => fetched,
        };
        self.cache.put(url, &result);
        result
    }

    async fn fetch(&self, link: &str) -> Result<LinkPreview, PreviewError> {
        let deadline = Instant::now() + self.options.time_max;
        let opening = self.client.open(link, "text/html,application/xhtml+xml", self.options.redirects_max);
        let (url, response) = timeout_at(deadline, opening).await.unwrap_or(Err(FetchError::Time))?;
        if !response.status().is_success() {
            return Err(PreviewError::Status(response.status().as_u16()));
        }
        let content_type = content_type(&response);
        if !is_html(content_type.as_deref()) {
            return Err(PreviewError::Form);
        }
        let mut reader = PageReader::new(content_type.as_deref());
        let ended = self.read(response, &mut reader, deadline).await;
        let mut preview = reader.finish(link, &url);
        preview.image = preview.image.filter(|image| self.client.may_reach(image));
        if preview.title.is_some() || preview.description.is_some() || preview.image.is_some() {
            return Ok(preview);
        }
        // What came before the end is enough, if it says anything.
        ended.and(Err(PreviewError::Empty))
    }

    async fn read(&self, mut page: Response, reader: &mut PageReader, deadline: Instant) -> Result<(), PreviewError> {
        let mut room = self.options.page_bytes_max;
        while room > 0 {
            let Some(chunk) =
                timeout_at(deadline, page.chunk()).await.map_err(|_| FetchError::Time)?.map_err(FetchError::from)?
            else {
                break;
            };
            let part = &chunk[..chunk.len().min(room)];
            room -= part.len();
            if !reader.read(part) {
                break;
            }
        }
        Ok(())
    }
}

fn is_html(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or("text/html").trim();
    ["text/html", "application/xhtml+xml"].iter().any(|html| essence.eq_ignore_ascii_case(html))
}

/// The link knows best what it leads to, the page knows the rest.
fn joined(video: LinkPreview, page: LinkPreview) -> LinkPreview {
    LinkPreview {
        image: video.image.or(page.image),
        site_name: video.site_name,
        link_type: LinkType::Video,
        video_id: video.video_id,
        embed_url: video.embed_url,
        ..page
    }
}
