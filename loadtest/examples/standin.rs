//! Runs the tests' stand-in server, to try the load generator or to measure what the generator itself costs:
//! `cargo run --release -p loadtest --example standin -- 8000`.

use natter_protocol::centrifuge::framing::Encoding;

#[path = "../tests/standin/mod.rs"]
mod standin;

#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8000);
    let protobuf = std::env::args().any(|argument| argument == "protobuf");
    let encoding = if protobuf { Encoding::Protobuf } else { Encoding::Json };
    println!("{}", standin::start(encoding, standin::Fault::None, port).await);
    std::future::pending::<()>().await;
}
