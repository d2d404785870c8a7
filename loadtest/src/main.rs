//! `loadtest`: drives natter, or any other server that speaks Centrifugo's client protocol, and judges what it delivered.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    loadtest::cli::run()
}
