//! `natter migrate`: moves everything from the embedded store to a cluster, while no node runs on either.

use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use natter_node::config;
use natter_store::transfer::{Checker, Migrated, Migration, Report};

use crate::cli::ConfigArgs;

/// From where to where. Both are described in `[store]`, whatever its `kind`.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// The store that is read: the one in `store.path`.
    #[arg(long, value_name = "KIND", value_parser = ["embedded"])]
    from: String,
    /// The store that is filled: the keyspace `store.keyspace` at `store.contact_points`.
    #[arg(long, value_name = "KIND", value_parser = ["scylla"])]
    to: String,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Moves what is not there yet, then compares both sides.
///
/// # Errors
/// A node runs, the keyspace holds something else, or both sides differ. It may be run again.
pub(crate) fn run(args: &MigrateArgs) -> anyhow::Result<()> {
    let settings = crate::configuration::load(args.config.config.as_deref())?.store;
    let migrated = crate::store::offline(&settings, async |from| {
        let to = Arc::new(crate::scylla::connect(&settings).await?);
        Ok(Migration { from, to }.run().await?)
    })?;
    let Migrated { from, to, lost, lost_count } = &migrated;
    to.findings.iter().chain(lost).for_each(|finding| println!("{finding}"));
    println!("{}: {from}", args.from);
    println!("{}: {}", args.to, to.digest);
    if !migrated.is_equal() {
        bail!("the two sides differ ({} findings)", to.found + lost_count);
    }
    println!("equal");
    Ok(())
}

/// Checks what a keyspace holds.
///
/// # Errors
/// The cluster does not answer.
pub(crate) fn check(settings: &config::Store) -> anyhow::Result<Report> {
    crate::store::block_on(async {
        let mut checker = Checker::default();
        crate::scylla::connect(settings).await?.walk(&mut checker).await?;
        Ok(checker.finish())
    })
}
