//! `natter restore`: fills an empty data folder from a backup.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use natter_node::config::StoreKind;
use natter_store::EmbeddedRestore;
use natter_store::transfer::BackupReader;

use crate::cli::ConfigArgs;
use crate::configuration;

/// What to restore; where to is `store.path` of the configuration.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup.
    file: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Fills the folder. It has its name only when all of it is there.
///
/// # Errors
/// The folder is not empty, or the backup is not whole.
pub(crate) fn run(args: &RestoreArgs) -> anyhow::Result<()> {
    let config = configuration::load(args.config.config.as_deref())?;
    if config.store.kind != StoreKind::Embedded {
        bail!("only an embedded store is restored; `natter migrate` moves it on");
    }
    let file = File::open(&args.file).with_context(|| format!("cannot open {}", args.file.display()))?;
    let reader = BackupReader::new(BufReader::new(file)).context("cannot restore")?;
    let path = &config.store.path;
    let mut restore = EmbeddedRestore::create(path).context("cannot restore")?;
    let digest = reader.walk(&mut restore).with_context(|| format!("{} is not filled", path.display()))?;
    restore.finish()?;
    println!("{}: {digest}", path.display());
    Ok(())
}
