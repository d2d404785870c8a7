//! Email addresses, as far as their form goes.

/// Bytes of an address, and of the part before its `@` (RFC 5321, section 4.5.3.1).
const BYTES_MAX: usize = 254;
const MAILBOX_BYTES_MAX: usize = 64;

/// Whether a text is an address as people write them: a mailbox without quotes and a host with a dot. Whether somebody
/// reads what is sent there is not known here.
pub fn is_email(text: &str) -> bool {
    let Some((mailbox, host)) = text.rsplit_once('@') else { return false };
    text.len() <= BYTES_MAX && is_mailbox(mailbox) && is_host(host)
}

fn is_mailbox(mailbox: &str) -> bool {
    let is_plain = |character: char| {
        let is_blank = character.is_whitespace() || character.is_control();
        !is_blank && !"()<>[]:;,@\\\"".contains(character)
    };
    let atoms = mailbox.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_plain));
    mailbox.len() <= MAILBOX_BYTES_MAX && atoms
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = label.chars().all(|character| character.is_alphanumeric() || character == '-');
        !label.is_empty() && is_plain && !label.starts_with('-') && !label.ends_with('-')
    };
    host.contains('.') && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in ["a@b.co", "first.last+tag@shop.example.com", "ä@münchen.example", "o'neil@example.com"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.co",
            "a@b",
            "a@@b.co",
            "a b@c.de",
            "a@b..co",
            "a@-b.co",
            "a@b.co\n",
            "a\r\nBcc: x@b.co",
            "<a@b.co>",
            "a,b@c.de",
            "a..b@c.de",
            ".a@c.de",
            "\"a\"@b.co",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(!is_email(&format!("{}@b.co", "a".repeat(65))) && !is_email(&format!("a@{}.co", "b".repeat(250))));
    }
}
