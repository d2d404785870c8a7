//! Commands that need no node: check-config, config, token, help.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod support;

use std::fs;
use std::path::Path;

use support::{natter, run, stderr, stdout};

fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("natter.toml"), text).unwrap();
    folder
}

#[test]
fn check_config_accepts_the_reference_configuration() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../natter.toml");
    let output = run(Path::new("/"), &["check-config", file]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.ends_with("natter.toml: ok\n"), "{text}");
    assert!(text.contains("warning: quic: is not part of this build"), "{text}");
    assert_eq!(text.matches("warning:").count(), 1, "every plugin is part of it");
}

#[test]
fn check_config_names_file_line_and_key() {
    let folder = folder_with("[server]\nworkers = 2\n\n[store]\npathh = \"data\"\n");
    let output = run(folder.path(), &["check-config", "natter.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.starts_with("natter.toml:5: store"), "{text}");
    assert!(text.contains("pathh") && text.contains("did you mean"), "{text}");
}

#[test]
fn check_config_shows_every_failed_check() {
    let folder = folder_with("[limits]\nframe_bytes_max = 0\n[server]\npublic_url = \"nowhere\"\n");
    let text = stderr(&run(folder.path(), &["check-config", "natter.toml"]));
    assert!(text.contains("natter.toml:2: limits.frame_bytes_max"), "{text}");
    assert!(text.contains("natter.toml:4: server.public_url"), "{text}");
}

#[test]
fn check_config_tries_the_keys_of_tenants() {
    let folder = folder_with("[[tenants]]\nid = \"a\"\nrsa_public_key = \"nowhere.pem\"\n");
    let output = run(folder.path(), &["check-config", "natter.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nowhere.pem"), "{}", stderr(&output));
}

#[test]
fn check_config_of_a_missing_file_fails() {
    let output = run(Path::new("/"), &["check-config", "/nowhere/natter.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/nowhere/natter.toml: cannot be read"));
}

#[test]
fn the_printed_default_is_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), &["config", "--print-default"]);
    fs::write(folder.path().join("natter.toml"), &printed.stdout).unwrap();
    let output = run(folder.path(), &["check-config", "natter.toml"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_created_token_is_what_inspect_reads() {
    let folder = folder_with("[[tenants]]\nid = \"shop\"\ntoken_secret = \"a-secret-of-more-than-thirty-two-bytes\"\n");
    let create = ["token", "create", "--tenant", "shop", "--user", "ann", "--expires", "2h", "--channel", "news"];
    let more = ["--info", r#"{"name":"Ann"}"#, "--meta", r#"{"role":1}"#, "--config", "natter.toml"];
    let created = run(folder.path(), &[&create[..], &more[..]].concat());
    assert!(created.status.success(), "{}", stderr(&created));
    let token = stdout(&created);
    let text = stdout(&run(folder.path(), &["token", "inspect", token.trim(), "--config", "natter.toml"]));
    for expected in [
        "\"alg\": \"HS256\"",
        "\"sub\": \"ann\"",
        "\"aud\": \"shop\"",
        "\"news\"",
        "\"name\": \"Ann\"",
        "\"role\": 1",
        "expiry  in ",
        "check   a valid connection token",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn a_token_with_another_secret_is_refused() {
    let folder = folder_with("");
    let create = ["token", "create", "--user", "ann", "--secret", "another-secret-of-thirty-two-bytes"];
    let token = stdout(&run(folder.path(), &[&create[..], &["--expires", "never"]].concat()));
    let text = stdout(&run(folder.path(), &["token", "inspect", token.trim(), "--config", "natter.toml"]));
    assert!(text.contains("expiry  never") && text.contains("check   refused: "), "{text}");
    let unverified = stdout(&run(folder.path(), &["token", "inspect", token.trim()]));
    assert!(unverified.contains("not verified"), "{unverified}");
}

#[test]
fn a_subscription_token_names_its_channel() {
    let folder = folder_with("");
    let create = ["token", "create-subscription", "--user", "ann", "--channel", "private:x"];
    let token = stdout(&run(folder.path(), &create));
    let text = stdout(&run(folder.path(), &["token", "inspect", token.trim(), "--config", "natter.toml"]));
    assert!(text.contains("\"channel\": \"private:x\""), "{text}");
    assert!(text.contains("check   a valid subscription token"), "{text}");
}

#[test]
fn the_secret_comes_from_the_environment_too() {
    let folder = tempfile::tempdir().unwrap();
    let output = natter(folder.path())
        .args(["token", "create", "--tenant", "added", "--user", "ann"])
        .env("NATTER_TOKEN_SECRET", "a-secret-of-more-than-thirty-two-bytes")
        .output();
    assert!(output.unwrap().status.success());
    let unknown = run(folder.path(), &["token", "create", "--tenant", "added", "--user", "ann"]);
    assert!(stderr(&unknown).contains("\"added\" is not a configured tenant (they are demo)"));
}

#[test]
fn what_is_no_token_is_told() {
    let output = run(Path::new("/"), &["token", "inspect", "nonsense"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("this is no token"));
}

#[test]
fn help_explains_every_command() {
    let text = stdout(&run(Path::new("/"), &["--help"]));
    for command in ["serve", "check-config", "config", "token", "tenant", "SIGHUP", "RUST_LOG", "NATTER__"] {
        assert!(text.contains(command), "{command} in {text}");
    }
}
