//! Videos whose links say enough: YouTube and Vimeo.

use url::Url;

use super::link::{LinkPreview, LinkType};

/// Fewest and most characters of a YouTube id; today it is 11.
const YOUTUBE_ID_CHARS: std::ops::RangeInclusive<usize> = 6..=20;
const VIMEO_ID_CHARS_MAX: usize = 16;

/// What the link itself says, if it leads to a video.
pub(super) fn from_url(link: &str) -> Option<LinkPreview> {
    let url = Url::parse(link).ok()?;
    let host = url.host_str()?.trim_end_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host);
    let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
    match host {
        "youtube.com" | "m.youtube.com" | "music.youtube.com" | "youtube-nocookie.com" => {
            youtube(link, &on_youtube(&url, &segments)?)
        }
        "youtu.be" => youtube(link, segments.first()?),
        "vimeo.com" | "player.vimeo.com" => vimeo(link, on_vimeo(&segments)?),
        _ => None,
    }
}

fn on_youtube(url: &Url, segments: &[&str]) -> Option<String> {
    match segments {
        ["watch"] => url.query_pairs().find(|(name, _)| name == "v").map(|(_, id)| id.into_owned()),
        ["shorts" | "embed" | "live" | "v", id, ..] => Some((*id).to_owned()),
        _ => None,
    }
}

fn youtube(link: &str, id: &str) -> Option<LinkPreview> {
    let is_sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !YOUTUBE_ID_CHARS.contains(&id.len()) || !id.chars().all(is_sound) {
        return None;
    }
    Some(LinkPreview {
        url: link.to_owned(),
        image: Some(format!("https://img.youtube.com/vi/{id}/maxresdefault.jpg")),
        site_name: Some("YouTube".to_owned()),
        link_type: LinkType::Video,
        video_id: Some(id.to_owned()),
        embed_url: Some(format!("https://www.youtube.com/embed/{id}")),
        ..LinkPreview::default()
    })
}

fn on_vimeo<'a>(segments: &[&'a str]) -> Option<&'a str> {
    match segments {
        // The second part of the first is the key of a video that is not listed.
        [id] | [id, _] if is_number(id) => Some(id),
        ["video", id, ..] | ["channels", _, id] | ["groups", _, "videos", id] if is_number(id) => Some(id),
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    (1..=VIMEO_ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn vimeo(link: &str, id: &str) -> Option<LinkPreview> {
    Some(LinkPreview {
        url: link.to_owned(),
        site_name: Some("Vimeo".to_owned()),
        link_type: LinkType::Video,
        video_id: Some(id.to_owned()),
        embed_url: Some(format!("https://player.vimeo.com/video/{id}")),
        ..LinkPreview::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn youtube_in_all_its_forms() {
        let links = [
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "https://youtube.com/watch?list=x&v=dQw4w9WgXcQ&t=1",
            "http://m.youtube.com/watch?v=dQw4w9WgXcQ#x",
            "https://music.youtube.com/watch?v=dQw4w9WgXcQ",
            "https://youtu.be/dQw4w9WgXcQ?si=x",
            "https://www.youtube.com/shorts/dQw4w9WgXcQ",
            "https://www.youtube.com/embed/dQw4w9WgXcQ",
            "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
            "https://www.youtube.com/live/dQw4w9WgXcQ?feature=share",
        ];
        for link in links {
            let preview = from_url(link).unwrap();
            assert_eq!(preview.video_id.as_deref(), Some("dQw4w9WgXcQ"), "{link}");
            assert_eq!(preview.embed_url.as_deref(), Some("https://www.youtube.com/embed/dQw4w9WgXcQ"));
            assert_eq!(preview.image.as_deref(), Some("https://img.youtube.com/vi/dQw4w9WgXcQ/maxresdefault.jpg"));
            assert_eq!((preview.url.as_str(), preview.link_type), (link, LinkType::Video));
        }
    }

    #[test]
    fn vimeo_in_all_its_forms() {
        let links = [
            "https://vimeo.com/76979871",
            "https://vimeo.com/76979871/abcdef0123",
            "https://www.vimeo.com/channels/staffpicks/76979871",
            "https://vimeo.com/groups/name/videos/76979871",
            "https://player.vimeo.com/video/76979871?h=x",
        ];
        for link in links {
            let preview = from_url(link).unwrap();
            assert_eq!(preview.video_id.as_deref(), Some("76979871"), "{link}");
            assert_eq!(preview.embed_url.as_deref(), Some("https://player.vimeo.com/video/76979871"));
        }
    }

    #[test]
    fn other_pages_are_no_videos() {
        let links = [
            "https://www.youtube.com/",
            "https://www.youtube.com/@channel",
            "https://www.youtube.com/watch?list=x",
            "https://www.youtube.com/watch?v=%22onload%3D",
            "https://youtu.be/",
            "https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ",
            "https://evil.example/?youtube.com/watch?v=dQw4w9WgXcQ",
            "https://vimeo.com/about",
            "https://a.example/76979871",
        ];
        for link in links {
            assert_eq!(from_url(link), None, "{link}");
        }
    }
}
