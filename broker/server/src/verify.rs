//! `natter verify`: is everything in the store, or in a backup, readable and without gaps?

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use natter_node::config::{Config, StoreKind};
use natter_store::transfer::{Checker, Report};

use crate::cli::ConfigArgs;
use crate::{backup, configuration, store};

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Look at this backup instead of the configured store, which no node may have open.
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Prints what is wrong, one finding a line, and counts and checksum of what is there.
///
/// # Errors
/// Something is wrong, or the store cannot be opened.
pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    let report = match &args.backup {
        Some(path) => backup::read(path)?,
        None => check(&configuration::load(args.config.config.as_deref())?)?,
    };
    report.findings.iter().for_each(|finding| println!("{finding}"));
    println!("{}", report.digest);
    if !report.is_sound() {
        bail!("{} findings", report.found);
    }
    Ok(())
}

fn check(config: &Config) -> anyhow::Result<Report> {
    match config.store.kind {
        StoreKind::Embedded => store::offline(&config.store, async |store| {
            let mut checker = Checker::default();
            store.check(&mut checker)?;
            Ok(checker.finish())
        }),
        StoreKind::Scylla => crate::migrate::check(&config.store),
        StoreKind::Memory => bail!("there is nothing to verify in a store of this kind"),
    }
}
