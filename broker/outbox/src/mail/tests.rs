//! Mails into a folder, and over SMTP to a server that answers by a script.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use natter_core::TenantId;
use natter_node::config::{self, Secret};
use proptest::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::queue::{Deliverer, Delivery, JobId, Outcome};

const CREATED_MS: i64 = 1_700_000_000_123;

fn mail(to: &str, subject: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: subject.to_owned(),
        text: "The code is 123456.\n.\nBcc: eve@example.com\n".to_owned(),
    }
}

fn delivery(mail: Mail) -> Delivery {
    let job = mail.into_job(TenantId::new("acme"));
    Delivery {
        id: JobId::new(1, 2, 3),
        tenant: job.tenant,
        order_key: job.order_key,
        host: job.host,
        payload: job.payload,
        created_ms: CREATED_MS,
        attempts: 0,
    }
}

fn to_folder(folder: &Path) -> MailDeliverer {
    let outbox = folder.join("outbox");
    MailDeliverer::from_config(&config::Mail { outbox, ..config::Mail::default() }).unwrap()
}

/// Everything that lies in the folder: names and bytes.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder.join("outbox")).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

fn headers(mail: &str) -> Vec<&str> {
    mail.split("\r\n\r\n").next().unwrap().split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).collect()
}

#[tokio::test]
async fn a_mail_is_one_file_however_often_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let deliverer = to_folder(folder.path());
    let job = delivery(mail("bob@example.com", "Your code"));
    assert_eq!(deliverer.deliver(&job).await, Outcome::Done);
    let first = files(folder.path());
    assert_eq!(deliverer.deliver(&job).await, Outcome::Done);
    assert_eq!(files(folder.path()), first);
    let (name, text) = &first[0];
    assert_eq!((first.len(), name.as_str()), (1, "00000001000000000002000000000003.eml"));
    for line in [
        "Message-ID: <00000001000000000002000000000003@localhost>",
        "To: bob@example.com",
        "From: natter@localhost",
        "Subject: Your code",
        "Auto-Submitted: auto-generated",
        "Date: Tue, 14 Nov 2023 22:13:20 +0000",
    ] {
        assert!(headers(text).contains(&line), "{line} in {text}");
    }
    assert!(text.ends_with("The code is 123456.\r\n.\r\nBcc: eve@example.com\r\n"), "{text}");
}

#[tokio::test]
async fn what_is_no_address_or_no_mail_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let deliverer = to_folder(folder.path());
    for to in
        ["", "bob", "a@b@c", "bob@example.com\r\nBcc: eve@example.com", "bob@example.com, eve@example.com", "<b@c>"]
    {
        let outcome = deliverer.deliver(&delivery(mail(to, "s"))).await;
        assert!(matches!(outcome, Outcome::Dead { .. }), "{to:?}: {outcome:?}");
    }
    let broken = Delivery { payload: "{}".into(), ..delivery(mail("bob@example.com", "s")) };
    assert!(matches!(deliverer.deliver(&broken).await, Outcome::Dead { .. }));
    assert!(!folder.path().join("outbox").exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("outbox"), "a file").unwrap();
    let outcome = to_folder(folder.path()).deliver(&delivery(mail("bob@example.com", "s"))).await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
}

proptest! {
    #[test]
    fn no_subject_makes_a_header(subject in "(\\PC|[\r\n\t\0: ]){0,60}(\r\nBcc: eve@example.com)?") {
        let from = "Natter <natter@example.com>".parse().unwrap();
        let job = delivery(mail("bob@example.com", "s"));
        let bytes = compose::compose(&mail("bob@example.com", &subject), &from, &job).unwrap().formatted();
        let text = String::from_utf8(bytes).unwrap();
        let names: Vec<&str> = headers(&text).iter().map(|line| line.split(':').next().unwrap()).collect();
        let expected = [
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "MIME-Version",
            "Content-Transfer-Encoding",
        ];
        prop_assert!(names.iter().all(|name| expected.contains(name)), "{text}");
        prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n']) || !headers(&text).join("").contains('\n'));
    }
}

#[test]
fn configurations_are_refused_without_their_secrets() {
    let bad_from = config::Mail { from: "nobody".to_owned(), ..config::Mail::default() };
    assert!(matches!(MailDeliverer::from_config(&bad_from), Err(MailConfigError::From { .. })));
    let url = Some(Secret::new("ftp://me:hunter2@example.com"));
    let error = MailDeliverer::from_config(&config::Mail { smtp_url: url, ..config::Mail::default() }).err().unwrap();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

/// Plays an SMTP server for one connection: greets, then answers `RCPT` and the end of the text as told.
async fn server(recipient: &'static str, text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 hello\r\n").await.unwrap();
        let (mut line, mut is_text) = (String::new(), false);
        while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
            let answer = match line.get(..4).unwrap_or(&line) {
                ".\r\n" => text,
                _ if is_text => "",
                "EHLO" => "250 me",
                "RCPT" => recipient,
                "DATA" => "354 go on",
                _ => "250 ok",
            };
            is_text = (is_text || answer.starts_with("354")) && line != ".\r\n";
            if !answer.is_empty() {
                stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            }
            line.clear();
        }
    });
    url
}

#[tokio::test]
async fn answers_of_the_server_decide_what_comes_next() {
    let refused = |code| Outcome::dead(format_args!("the mail server answered {code}"));
    let later = |code| Outcome::retry(format_args!("the mail server answered {code}"));
    for (recipient, text, expected) in [
        ("250 ok", "250 queued", Outcome::Done),
        ("550 nobody of that name: secret words", "", refused(550)),
        ("452 full", "", later(452)),
        ("250 ok", "554 spam", refused(554)),
        ("250 ok", "451 later", later(451)),
        ("530 authentication required", "", Outcome::retry("the mail server refuses this node's account (530)")),
    ] {
        let smtp_url = Some(Secret::new(server(recipient, text).await));
        let deliverer = MailDeliverer::from_config(&config::Mail { smtp_url, ..config::Mail::default() }).unwrap();
        assert_eq!(deliverer.deliver(&delivery(mail("bob@example.com", "s"))).await, expected, "{recipient} {text}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let smtp_url = Some(Secret::new("smtp://127.0.0.1:1"));
    let deliverer = MailDeliverer::from_config(&config::Mail { smtp_url, ..config::Mail::default() }).unwrap();
    let outcome = deliverer.deliver(&delivery(mail("bob@example.com", "s"))).await;
    assert_eq!(outcome, Outcome::retry("no conversation with the mail server"));
}
