//! Where the page is, and that it keeps its own policy.

use super::*;

fn config(text: &str) -> Config {
    Config::load_text(text, std::iter::empty()).unwrap()
}

#[test]
fn the_page_is_served_to_this_machine_with_the_published_secret_only() {
    let default = config("");
    assert!(is_served(&default.listeners[0], &default));
    let own = config("[[tenants]]\nid = \"demo\"\ntoken_secret = \"a-secret-of-our-own-with-32-bytes-or-more\"\n");
    assert!(!is_served(&own.listeners[0], &own));
    let demo = "[[tenants]]\nid = \"demo\"\ntoken_secret = \"demo-secret-demo-secret-demo-secret\"\n";
    let public = config(&format!("[[listeners]]\naddress = \"0.0.0.0:8000\"\n{demo}"));
    assert!(!is_served(&public.listeners[0], &public));
    let other = config(&format!("[[listeners]]\naddress = \"127.0.0.1:8000\"\nplugins = [\"chatsdk\"]\n{demo}"));
    assert!(!is_served(&other.listeners[0], &other));
}

#[test]
fn the_default_configuration_has_the_secret_that_the_page_signs_with() {
    assert_eq!(config("").tenant(TENANT).unwrap().token_secret.reveal(), SECRET);
}

#[test]
fn nothing_on_the_page_is_inline_or_from_elsewhere() {
    let page = FILES[0].2;
    assert!(!page.contains("style=") && !page.contains(" onclick"));
    assert_eq!(page.matches("<script").count(), page.matches("<script defer src=\"/demo/").count());
    for (path, _, text) in FILES.into_iter().filter(|(path, ..)| *path != "/demo/centrifuge.js") {
        assert!(!text.contains("https://") && !text.contains("http://"), "{path} refers to another origin");
    }
}
