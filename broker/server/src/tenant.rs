//! `natter tenant`: list, add, key.

use clap::{Args, Subcommand};
use tokio::runtime::Builder;

use crate::admin::{NewKey, NewTenant, TenantList, TenantSummary};
use crate::client::{AdminClient, NodeArgs};
use crate::configuration;
use crate::store::OpenStore;
use crate::tenants::{Issued, Tenancy, summaries};

/// Tenants on the running node, or in its data folder.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// List all tenants, those of the configuration and those added at run time.
    List(Options),
    /// Add a tenant, and show its API key and signing secret, once.
    Add {
        /// Its name: letters, digits, '-', '_' and '.', at most 64.
        tenant: String,
        #[command(flatten)]
        options: Options,
    },
    /// Give a tenant an API key and a signing secret, and show them, once.
    ///
    /// A signing secret that the configuration sets stays; one that was issued before is still accepted as the previous
    /// one, until the next call.
    Key {
        /// Its name.
        tenant: String,
        /// Withdraw the keys and the secret that were issued before.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        options: Options,
    },
}

/// How to reach the tenants, and how to show them.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Open the data folder instead of asking a node; works only while no node runs.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    node: NodeArgs,
}

/// Does what was asked.
///
/// # Errors
/// The node or the store says no.
pub(crate) fn run(command: TenantCommand) -> anyhow::Result<()> {
    match command {
        TenantCommand::List(options) => {
            let tenants = match options.offline {
                true => offline(&options, async |tenancy| Ok(summaries(tenancy).await?))?,
                false => AdminClient::new(&options.node)?.get::<TenantList>("/tenants")?.tenants,
            };
            show_list(&options, &tenants)
        }
        TenantCommand::Add { tenant, options } => {
            let issued = match options.offline {
                true => offline(&options, async |tenancy| Ok(tenancy.add(&tenant).await?))?,
                false => AdminClient::new(&options.node)?.post("/tenants", &NewTenant { id: tenant })?,
            };
            show_issued(&options, &issued)
        }
        TenantCommand::Key { tenant, replace, options } => {
            let issued = match options.offline {
                true => offline(&options, async |tenancy| Ok(tenancy.issue(&tenant, replace).await?))?,
                false => {
                    let path = format!("/tenants/{}/keys", path_segment(&tenant));
                    AdminClient::new(&options.node)?.post(&path, &NewKey { replace })?
                }
            };
            show_issued(&options, &issued)
        }
    }
}

/// Works on the data folder itself.
fn offline<T>(options: &Options, work: impl AsyncFnOnce(&Tenancy<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let config = configuration::load(options.node.config.config.as_deref())?;
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let open = OpenStore::open(&config.store).await?;
        let result = work(&Tenancy { store: open.store.as_ref(), configured: &config.tenants }).await;
        open.store.close().await;
        result
    })
}

/// A name as one segment of a path. The node refuses names with anything but letters, digits, '-', '_' and '.'.
fn path_segment(name: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let escaped = |byte: u8| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(escaped).collect()
}

fn show_list(options: &Options, tenants: &[TenantSummary]) -> anyhow::Result<()> {
    if options.json {
        println!("{}", serde_json::to_string_pretty(tenants)?);
        return Ok(());
    }
    println!("{:<24} {:<14} {:>8} {:>12}", "TENANT", "SOURCE", "API KEYS", "CONNECTIONS");
    for tenant in tenants {
        let connections = tenant.connections.map_or_else(|| "-".to_owned(), |count| count.to_string());
        println!("{:<24} {:<14} {:>8} {connections:>12}", tenant.id, tenant.source, tenant.api_keys);
    }
    Ok(())
}

fn show_issued(options: &Options, issued: &Issued) -> anyhow::Result<()> {
    if options.json {
        println!("{}", serde_json::to_string(issued)?);
        return Ok(());
    }
    println!("tenant        {}", issued.tenant);
    println!("api key       {}", issued.api_key);
    println!("token secret  {}", issued.token_secret);
    println!("Keep them: they are not shown again.");
    Ok(())
}
