//! Reads a page as it comes in: OpenGraph, Twitter cards, the title and the description.
//!
//! Nothing is kept of a page but the first value of each field. Reading ends where the body begins, once there is a title.

use std::collections::HashMap;
use std::sync::Arc;

use lol_html::html_content::Element;
use lol_html::send::{ElementContentHandlers, HtmlRewriter, SendHandlerTypes, Settings};
use lol_html::{AsciiCompatibleEncoding, HandlerResult, MemorySettings, Selector};
use parking_lot::Mutex;
use url::Url;

use super::link::{LinkPreview, LinkType};
use super::text::line;

/// Most bytes of a value that are kept, as they stand in the page.
const VALUE_BYTES_MAX: usize = 4096;
/// Most bytes that the parser may use.
const PARSER_BYTES_MAX: usize = 512 * 1024;
const TITLE_CHARS_MAX: usize = 300;
const DESCRIPTION_CHARS_MAX: usize = 1000;
const NAME_CHARS_MAX: usize = 200;
const IMAGE_BYTES_MAX: usize = 2048;

/// Fields of `meta` elements that are of use.
const FIELDS: [&str; 17] = [
    "og:title",
    "og:description",
    "og:image:secure_url",
    "og:image",
    "og:image:url",
    "og:site_name",
    "og:type",
    "twitter:title",
    "twitter:description",
    "twitter:image",
    "twitter:image:src",
    "description",
    "author",
    "article:author",
    "application-name",
    "twitter:creator",
    "title",
];
/// Where the text of the title element is kept.
const TITLE: &str = "<title>";
/// Where the name of a video's channel is kept.
const CHANNEL: &str = "<channel>";

#[derive(Debug, Default)]
struct Values {
    fields: HashMap<&'static str, String>,
    has_title: bool,
}

impl Values {
    fn keep(&mut self, field: &'static str, value: &str) {
        let value = &value[..value.floor_char_boundary(VALUE_BYTES_MAX)];
        if !value.trim().is_empty() {
            self.fields.entry(field).or_insert_with(|| value.to_owned());
        }
    }

    fn add_to_title(&mut self, part: &str) {
        let title = self.fields.entry(TITLE).or_default();
        let room = VALUE_BYTES_MAX.saturating_sub(title.len());
        title.push_str(&part[..part.floor_char_boundary(room)]);
    }

    fn first(&self, fields: &[&str], chars_max: usize) -> Option<String> {
        fields.iter().filter_map(|field| self.fields.get(field)).find_map(|value| line(value, chars_max))
    }
}

type Shared = Arc<Mutex<Values>>;
type Parser = HtmlRewriter<'static, fn(&[u8])>;

/// A page that is being read.
pub(super) struct PageReader {
    parser: Option<Parser>,
    values: Shared,
}

impl PageReader {
    /// For a page of this `Content-Type`; without a charset there, the page's own `meta` decides.
    pub(super) fn new(content_type: Option<&str>) -> Self {
        let values = Shared::default();
        let memory = MemorySettings::new().with_max_allowed_memory_usage(PARSER_BYTES_MAX);
        let charset = content_type.and_then(charset).and_then(AsciiCompatibleEncoding::new);
        let mut settings = Settings::new_send()
            .with_strict(false)
            .with_memory_settings(memory)
            .with_adjust_charset_on_meta_tag(charset.is_none())
            .with_encoding(charset.unwrap_or_else(AsciiCompatibleEncoding::utf_8));
        for handler in handlers(&values) {
            settings = settings.append_element_content_handler(handler);
        }
        Self { parser: Some(HtmlRewriter::new(settings, discard as fn(&[u8]))), values }
    }

    /// Takes the next part of the page; false when no more is needed.
    pub(super) fn read(&mut self, part: &[u8]) -> bool {
        let Some(parser) = &mut self.parser else { return false };
        // An error is the end that a handler has asked for, or a page that is too much for the parser.
        if parser.write(part).is_err() {
            self.parser = None;
        }
        self.parser.is_some()
    }

    /// What the page says, with its image made absolute from `base`; `link` is what the message says.
    pub(super) fn finish(self, link: &str, base: &Url) -> LinkPreview {
        if let Some(parser) = self.parser {
            // What is cut short has no end; what was read counts.
            let _ = parser.end();
        }
        let values = self.values.lock();
        let images = ["og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src"];
        let image = values.first(&images, IMAGE_BYTES_MAX).and_then(|image| absolute(&image, base));
        LinkPreview {
            url: link.to_owned(),
            title: values.first(&["og:title", "twitter:title", TITLE, "title"], TITLE_CHARS_MAX),
            description: values.first(&["og:description", "twitter:description", "description"], DESCRIPTION_CHARS_MAX),
            image,
            site_name: values.first(&["og:site_name", "application-name"], NAME_CHARS_MAX),
            link_type: link_type(values.first(&["og:type"], NAME_CHARS_MAX).as_deref()),
            video_id: None,
            embed_url: None,
            author: author(&values),
        }
    }
}

fn author(values: &Values) -> Option<String> {
    let found = values.first(&[CHANNEL, "author", "article:author", "twitter:creator"], NAME_CHARS_MAX)?;
    // Some name the page of the author instead.
    (!found.starts_with("http://") && !found.starts_with("https://")).then_some(found)
}

fn link_type(og_type: Option<&str>) -> LinkType {
    match og_type {
        Some(name) if name.starts_with("video") => LinkType::Video,
        Some("article") => LinkType::Article,
        _ => LinkType::Website,
    }
}

fn absolute(image: &str, base: &Url) -> Option<String> {
    let url = base.join(image).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    Some(String::from(url)).filter(|url| url.len() <= IMAGE_BYTES_MAX)
}

fn charset(content_type: &str) -> Option<&'static encoding_rs::Encoding> {
    let parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, label) = parameters.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    encoding_rs::Encoding::for_label_no_replacement(label.trim().trim_matches('"').as_bytes())
}

fn discard(_: &[u8]) {}

type Handler = (std::borrow::Cow<'static, Selector>, ElementContentHandlers<'static>);

fn handlers(values: &Shared) -> Vec<Handler> {
    let on = |selector: &str, handlers: ElementContentHandlers<'static>| {
        selector.parse().ok().map(|selector| (std::borrow::Cow::Owned(selector), handlers))
    };
    let (of_meta, of_title, of_channel, of_body) =
        (Arc::clone(values), Arc::clone(values), Arc::clone(values), Arc::clone(values));
    let handlers = [
        on(
            "meta[content]",
            ElementContentHandlers::default().element(move |meta: &mut Found<'_, '_>| {
                read_meta(meta, &of_meta);
                Ok(())
            }),
        ),
        on(
            "title",
            ElementContentHandlers::default().text(move |text: &mut lol_html::html_content::TextChunk<'_>| {
                let mut values = of_title.lock();
                if !values.has_title {
                    values.add_to_title(text.as_str());
                    values.has_title = text.last_in_text_node();
                }
                Ok(())
            }),
        ),
        on(
            "span[itemprop=\"author\"] link[itemprop=\"name\"]",
            ElementContentHandlers::default().element(move |link: &mut Found<'_, '_>| {
                of_channel.lock().keep(CHANNEL, &link.get_attribute("content").unwrap_or_default());
                Ok(())
            }),
        ),
        on(
            "body",
            ElementContentHandlers::default().element(move |_: &mut Found<'_, '_>| end_of_head(&of_body.lock())),
        ),
    ];
    handlers.into_iter().flatten().collect()
}

type Found<'r, 't> = Element<'r, 't, SendHandlerTypes>;

fn read_meta(meta: &Found<'_, '_>, values: &Shared) {
    let named = meta.get_attribute("property").or_else(|| meta.get_attribute("name"));
    let named = named.unwrap_or_default().trim().to_ascii_lowercase();
    if let Some(field) = FIELDS.iter().find(|field| **field == named) {
        values.lock().keep(field, &meta.get_attribute("content").unwrap_or_default());
    }
}

/// Some pages have their fields in the body, so it is worth a look when the head has no title.
fn end_of_head(values: &Values) -> HandlerResult {
    let has_title = ["og:title", TITLE].iter().any(|field| values.fields.contains_key(field));
    if has_title { Err("the head is over".into()) } else { Ok(()) }
}
