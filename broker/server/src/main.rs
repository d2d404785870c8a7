//! The binary `natter`: command line, listeners, wiring of the plugins, health, administration, demo page, shutdown.
//!
//! `cli` says what can be asked, `serve` starts a node, everything else has one subject that its name tells.

mod admin;
mod api_token;
mod apis;
mod backup;
mod cli;
mod client;
mod configuration;
mod demo;
mod descriptors;
mod endpoints;
mod gauges;
mod http;
mod internal;
mod listen;
mod logs;
mod migrate;
mod node;
mod outbox;
mod reload;
mod restore;
mod routes;
mod scylla;
mod serve;
mod shutdown;
mod state;
mod store;
mod tenant;
mod tenants;
mod token;
mod verify;
mod webhooks;
mod wiring;
mod work;

use std::process::ExitCode;

use clap::Parser;
use natter_node::config::ConfigError;

use crate::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // One provider for the whole process, so that nothing that speaks TLS has to choose. It fails only when one is set.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A connection's state is a few small blocks. Huge pages would keep 2 MiB for some of them: 1.1 KB more for each of
    // 15,000 idle connections, measured. An old kernel that cannot turn them off costs memory, nothing else.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    match cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match error.downcast_ref::<ConfigError>() {
                // Its lines begin with file and line, as editors like it.
                Some(problems) => eprintln!("{problems}"),
                None => eprintln!("natter: {error:#}"),
            }
            ExitCode::FAILURE
        }
    }
}
