//! Names of files, which are only for show.

/// Longest name in bytes; room for an id and an escape in any system's limit.
const NAME_BYTES_MAX: usize = 200;
/// Longest ending that is kept when a name is cut, with its dot.
const ENDING_BYTES_MAX: usize = 16;
/// The name of a file that has none.
const NAMELESS: &str = "file";

/// What may be shown of a client's name for a file: its last part, without control characters, characters that change
/// the direction of text or cannot be seen, and leading or trailing dots and spaces; at most 200 bytes, with its ending.
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.chars().filter(|letter| !is_hidden(*letter)).collect();
    let trimmed = visible.trim_matches(|letter: char| letter == '.' || letter.is_whitespace());
    let cut = shortened(trimmed);
    if cut.is_empty() { NAMELESS.to_owned() } else { cut }
}

/// Control characters, and those that hide in a text or turn it around (Unicode's "format" characters in use for it).
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.len() <= ENDING_BYTES_MAX { ending } else { "" };
    let stem_max = NAME_BYTES_MAX - ending.len();
    let end = name.char_indices().map(|(at, letter)| at + letter.len_utf8()).take_while(|end| *end <= stem_max).last();
    format!("{}{ending}", name[..end.unwrap_or_default()].trim_end_matches(['.', ' ']))
}

#[cfg(test)]
mod tests {
    use super::{NAME_BYTES_MAX, clean_name};
    use proptest::prelude::*;

    #[test]
    fn hostile_names_become_harmless() {
        for (name, shown) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\windows\\win.ini", "win.ini"),
            ("/etc/shadow", "shadow"),
            ("C:\\x\\y.txt", "y.txt"),
            ("..", "file"),
            ("", "file"),
            ("   ", "file"),
            ("dir/", "file"),
            (".htaccess", "htaccess"),
            ("a\0b.png", "ab.png"),
            ("a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png"),
            ("invoice\u{202e}gpj.exe", "invoicegpj.exe"),
            ("zero\u{200b}width\u{feff}.txt", "zerowidth.txt"),
            ("größe 日本.png", "größe 日本.png"),
            ("quote\".txt", "quote\".txt"),
        ] {
            assert_eq!(clean_name(name), shown, "{name:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let name = clean_name(&format!("{}.tar.gz", "ä".repeat(300)));
        assert!(name.len() <= NAME_BYTES_MAX && name.ends_with("ä.gz"), "{name}");
        let name = clean_name(&format!("a.{}", "b".repeat(300)));
        assert_eq!(name.len(), NAME_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn any_name_becomes_a_single_visible_part(name: String) {
            let shown = clean_name(&name);
            prop_assert!((1..=NAME_BYTES_MAX).contains(&shown.len()));
            let is_harmless = |letter: char| !letter.is_control() && letter != '/' && letter != '\\';
            prop_assert!(shown.chars().all(is_harmless));
            prop_assert!(shown != "." && shown != "..");
            prop_assert_eq!(clean_name(&shown), shown.clone());
        }
    }
}
