//! A preview.

use serde::{Deserialize, Serialize};

/// What kind of page a link leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkType {
    /// Any page.
    #[default]
    Website,
    /// A video.
    Video,
    /// A text by somebody.
    Article,
}

impl LinkType {
    /// Its name in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Website => "website",
            Self::Video => "video",
            Self::Article => "article",
        }
    }
}

/// What is shown of a link; the names are those of the ChatSDK document ("Link Preview Fields").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkPreview {
    /// The link as it stands in the message.
    pub url: String,
    /// Title of the page or video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the page says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Absolute URL of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Name of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_name: Option<String>,
    /// Kind of the page.
    #[serde(rename = "type", default)]
    pub link_type: LinkType,
    /// Id of the video, at YouTube and Vimeo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_id: Option<String>,
    /// Where a player can be embedded from, at YouTube and Vimeo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embed_url: Option<String>,
    /// Who wrote or made it; a video's channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}
