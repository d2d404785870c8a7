//! What can be asked of the binary, and who answers it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde_json::Value;

use crate::client::{AdminClient, NodeArgs};
use crate::{backup, configuration, migrate, outbox, restore, serve, tenant, token, verify, webhooks};

const EXAMPLES: &str = "\
Examples:
  natter                                        a development node on 127.0.0.1:8000, data in ./data
  natter serve --config natter.toml             a node with a configuration
  natter check-config natter.toml               is the file right?
  natter config --print-default > natter.toml   a file with every key and its default
  natter token create --tenant demo --user alice
  natter tenant add acme                        a new tenant on the running node
  natter backup /var/backups                    everything, while the node runs

Any key of the configuration can be set by an environment variable: NATTER__STORE__PATH=/var/lib/natter.
RUST_LOG sets what is logged (error, warn, info, debug, trace; also per module). Logs go to stderr.
SIGTERM and SIGINT drain and stop the node; SIGHUP reloads limits, tenants and namespaces.";

/// A pub/sub message broker with chat protocol plugins.
///
/// Without a command it is `natter serve`: a node that needs no file, keeps its data in ./data and serves this machine.
#[derive(Debug, Parser)]
#[command(name = "natter", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ConfigArgs,
}

/// Which configuration.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file (TOML); without it every key has its default.
    #[arg(long, value_name = "FILE", env = "NATTER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a node and run it until SIGTERM or SIGINT.
    Serve(ConfigArgs),
    /// Check a configuration file: prints warnings, or every error with its line, and then exits with 1.
    CheckConfig {
        /// The file.
        file: PathBuf,
    },
    /// Print the documented default configuration.
    Config {
        /// Print every key with its default, as a file to start from.
        #[arg(long, required = true)]
        print_default: bool,
    },
    /// Show what the running node is doing, as JSON.
    Status(NodeArgs),
    /// Let the running node read its configuration again, as SIGHUP does; says what is wrong with it, if anything.
    Reload(NodeArgs),
    /// Make and read the tokens that users connect with.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// List tenants, add them, give them keys. Asks the running node, or opens its data folder with --offline.
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// See, repeat and discard the webhooks, notifications, previews and mails that the running node has given up.
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    /// See and repeat what a partner's or tenant's server has not been told yet.
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// Back up everything in the embedded store, from the running node or, with --offline, from its data folder.
    Backup(backup::BackupArgs),
    /// Fill an empty data folder from a backup.
    Restore(restore::RestoreArgs),
    /// Check every record of the store, which no node may have open, or of a backup; exits with 1 if any is wrong.
    Verify(verify::VerifyArgs),
    /// Move everything from the data folder to a cluster, while no node runs. May be interrupted and run again.
    Migrate(migrate::MigrateArgs),
}

/// Does what was asked.
///
/// # Errors
/// What stands in the way, for people.
pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        None => serve::run(cli.serve),
        Some(Command::Serve(args)) => serve::run(args),
        Some(Command::CheckConfig { file }) => configuration::check(&file),
        Some(Command::Config { .. }) => {
            print!("{}", natter_node::config::Config::default_toml());
            Ok(())
        }
        Some(Command::Status(args)) => show(&AdminClient::new(&args)?.get("/status")?),
        Some(Command::Reload(args)) => show(&AdminClient::new(&args)?.post("/reload", &())?),
        Some(Command::Token(command)) => token::run(command),
        Some(Command::Tenant(command)) => tenant::run(command),
        Some(Command::Outbox(command)) => outbox::run(command),
        Some(Command::Webhooks(command)) => webhooks::run(command),
        Some(Command::Backup(args)) => backup::run(&args),
        Some(Command::Restore(args)) => restore::run(&args),
        Some(Command::Verify(args)) => verify::run(&args),
        Some(Command::Migrate(args)) => migrate::run(&args),
    }
}

fn show(answer: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(answer)?);
    Ok(())
}
