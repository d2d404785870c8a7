//! `loadtest`: drives natter, or any other server that speaks Centrifugo's client protocol or ChatSDK's REST API, and judges
//! what it did.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    loadtest::cli::run()
}
