//! Links in a message's text.

use url::Url;

/// Most links of a message that are looked at.
pub const URLS_MAX: usize = 3;
/// Longest link.
const URL_BYTES_MAX: usize = 2048;

/// The first distinct `http` and `https` links of a text, at most [`URLS_MAX`], as they are written there. Punctuation
/// that ends a sentence, closing brackets that were not opened within the link, and markup around it are not part of it.
pub fn extract_urls(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    let mut before = None;
    while found.len() < URLS_MAX {
        let Some(start) = find_scheme(rest, before) else { break };
        let tail = &rest[start..];
        let end = tail.find(ends_a_link).unwrap_or(tail.len());
        let link = trim(&tail[..end]);
        if is_sound(link) && !found.iter().any(|other| other == link) {
            found.push(link.to_owned());
        }
        before = tail[..end].chars().next_back();
        rest = &tail[end..];
    }
    found
}

/// Where the next link begins: at a scheme that is not the end of a longer word.
fn find_scheme(text: &str, before: Option<char>) -> Option<usize> {
    let is_scheme = |at: usize| ["http://", "https://"].iter().any(|scheme| starts_with(&text[at..], scheme));
    let is_free = |at: usize| !text[..at].chars().next_back().or(before).is_some_and(char::is_alphanumeric);
    let starts = text.match_indices(['h', 'H']).map(|(at, _)| at);
    starts.into_iter().find(|at| is_scheme(*at) && is_free(*at))
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn ends_a_link(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '|' | '\\' | '^' | '“' | '”' | '«' | '»')
}

fn trim(mut link: &str) -> &str {
    while let Some(last) = link.chars().next_back() {
        let is_outside = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | '…' | '。' | '，' | '、' => true,
            ')' => opens_fewer(link, '(', ')'),
            ']' => opens_fewer(link, '[', ']'),
            '}' => opens_fewer(link, '{', '}'),
            _ => false,
        };
        if !is_outside {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link
}

fn opens_fewer(link: &str, open: char, close: char) -> bool {
    link.matches(open).count() < link.matches(close).count()
}

fn is_sound(link: &str) -> bool {
    link.len() <= URL_BYTES_MAX && Url::parse(link).is_ok_and(|url| url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_without_what_is_around_them() {
        let cases: [(&str, &[&str]); 17] = [
            ("no link", &[]),
            ("see https://a.example.", &["https://a.example"]),
            ("(https://a.example/x)", &["https://a.example/x"]),
            ("https://en.example/wiki/Rust_(film)", &["https://en.example/wiki/Rust_(film)"]),
            ("(https://en.example/wiki/Rust_(film)).", &["https://en.example/wiki/Rust_(film)"]),
            ("[text](https://a.example/x)", &["https://a.example/x"]),
            ("<https://a.example/x>", &["https://a.example/x"]),
            ("\"https://a.example/x\",", &["https://a.example/x"]),
            ("**https://a.example/x**", &["https://a.example/x"]),
            ("really? https://a.example/?q=1&r=2#top!", &["https://a.example/?q=1&r=2#top"]),
            ("HTTPS://A.example/X", &["HTTPS://A.example/X"]),
            ("xhttp://a.example", &[]),
            ("ftp://a.example javascript:alert(1)", &[]),
            ("http:// https:// http://.", &[]),
            ("http://[", &[]),
            ("siehe:https://a.example/ä…", &["https://a.example/ä"]),
            ("https://a.example,https://b.example", &["https://a.example,https://b.example"]),
        ];
        for (text, links) in cases {
            assert_eq!(extract_urls(text), links, "{text}");
        }
    }

    #[test]
    fn there_are_few_and_each_once() {
        let text = "http://a.example http://b.example http://a.example http://c.example http://d.example";
        assert_eq!(extract_urls(text), ["http://a.example", "http://b.example", "http://c.example"]);
        let long = format!("http://a.example/{} http://b.example", "x".repeat(3000));
        assert_eq!(extract_urls(&long), ["http://b.example"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in "(http://|https://|[a-z.()\\[\\]]|\\PC){0,200}") {
            let links = extract_urls(&text);
            assert!(links.len() <= URLS_MAX);
            for link in links {
                assert!(text.contains(&link) && Url::parse(&link).is_ok());
            }
        }
    }
}
