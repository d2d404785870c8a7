//! Text of strangers, made fit to be shown.

/// One line of at most so many characters, without markup's entities and control characters; none when nothing is left.
pub(super) fn line(raw: &str, chars_max: usize) -> Option<String> {
    let decoded = html_escape::decode_html_entities(raw);
    let shown: String =
        decoded.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| is_shown(*c)).collect();
    let mut line = String::new();
    let mut count = 0;
    for word in shown.split(' ').filter(|word| !word.is_empty()) {
        let space = usize::from(count > 0);
        let room = chars_max.saturating_sub(count + space);
        if room == 0 {
            break;
        }
        line.extend(std::iter::repeat_n(' ', space));
        line.extend(word.chars().take(room));
        count += space + word.chars().count().min(room);
    }
    Some(line).filter(|line| !line.is_empty())
}

/// Neither a control character nor one that turns the direction of what follows.
fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_one_clean_line() {
        assert_eq!(line("  a\n\t b &amp; c&#33; &lt;d&gt; ", 100).as_deref(), Some("a b & c! <d>"));
        assert_eq!(line("a\u{202e}b\u{0}c\u{7}", 100).as_deref(), Some("abc"));
        assert_eq!(line(" \n\u{200f} ", 100), None);
        assert_eq!(line("", 100), None);
    }

    #[test]
    fn text_is_cut_at_characters() {
        assert_eq!(line("äöü äöü", 5).as_deref(), Some("äöü ä"));
        assert_eq!(line("äöü äöü", 4).as_deref(), Some("äöü"));
        assert_eq!(line("äöü", 2).as_deref(), Some("äö"));
    }
}
