//! Email addresses, as far as their form goes. Whether somebody reads what is sent there is not known here.

/// Bytes of an address, and of the part before its `@` (RFC 5321, section 4.5.3.1).
const EMAIL_MAX: usize = 254;
const MAILBOX_MAX: usize = 64;
/// What RFC 5322 has in quotes only.
const SPECIALS: &str = "()<>[]:;,@\\\"";

/// Whether a text has the form of an email address, of up to 254 bytes.
pub fn is_email(email: &str) -> bool {
    let is_clean = !email.chars().any(|character| character.is_whitespace() || character.is_control());
    let is_address = email.rsplit_once('@').is_some_and(|(mailbox, host)| {
        (1..=MAILBOX_MAX).contains(&mailbox.len()) && !mailbox.contains('@') && is_host(host)
    });
    email.len() <= EMAIL_MAX && is_clean && is_address
}

/// Whether an address is one as people write them, which mail is sent to: its mailbox needs no quotes and its host has a
/// dot.
pub fn is_plain_email(email: &str) -> bool {
    let is_atom = |atom: &str| !atom.is_empty() && !atom.chars().any(|character| SPECIALS.contains(character));
    let is_plain =
        email.rsplit_once('@').is_some_and(|(mailbox, host)| host.contains('.') && mailbox.split('.').all(is_atom));
    is_plain && is_email(email)
}

fn is_host(host: &str) -> bool {
    host.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_alphanumeric() || character == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::{is_email, is_plain_email};

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in ["a@b.co", "first.last+tag@shop.example.com", "ä@münchen.example", "o'neil@example.com"] {
            assert!(is_plain_email(good) && is_email(good), "{good}");
        }
        for rare in ["a@b", "<a@b.co", "a,b@c.de", "a..b@c.de", ".a@c.de", "\"a\"@b.co"] {
            assert!(!is_plain_email(rare) && is_email(rare), "{rare}");
        }
        for bad in
            ["", "a", "@b.co", "a@@b.co", "a b@c.de", "a@b..co", "a@-b.co", "a@b.co\n", "a\r\nBcc: x@b.co", "<a@b.co>"]
        {
            assert!(!is_plain_email(bad) && !is_email(bad), "{bad}");
        }
        for long in [format!("{}@b.co", "a".repeat(65)), format!("a@{}.co", "b".repeat(250))] {
            assert!(!is_plain_email(&long) && !is_email(&long));
        }
    }
}
