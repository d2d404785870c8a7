//! Which version a connection speaks.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;

/// Both ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

async fn seen(parts: &[&[u8]], end: bool) -> Option<bool> {
    let (mut client, server) = pair().await;
    let writing = async {
        for part in parts {
            client.write_all(part).await.unwrap();
            tokio::time::sleep(START_POLL / 2).await;
        }
        if end {
            client.shutdown().await.unwrap();
        }
    };
    tokio::join!(is_http2(&server), writing).0
}

#[tokio::test]
async fn a_request_is_http1_from_its_first_bytes() {
    for start in [&b"GET / HTTP/1.1\r\n"[..], b"G", b"PO", b"PRIVATE", b"PRI * HTTP/1.1\r\n", b"\x16\x03\x01"] {
        assert_eq!(seen(&[start], false).await, Some(false), "{start:?}");
    }
}

#[tokio::test]
async fn http2_is_its_whole_preface_however_it_arrives() {
    assert_eq!(seen(&[HTTP2_PREFACE], false).await, Some(true));
    assert_eq!(seen(&[b"P", b"RI * HTTP/2.0\r\n", b"\r\nSM\r\n\r\n more"], false).await, Some(true));
}

#[tokio::test]
async fn a_connection_that_ends_at_once_is_neither() {
    assert_eq!(seen(&[], true).await, None);
}
