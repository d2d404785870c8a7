//! `natter backup`: everything in the embedded store as of one moment, in one file, from the running node or from the data
//! folder. A file has its name only when it is whole, was read back and is synced.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::Args;
use natter_store::transfer::{BackupReader, BackupWriter, Checker, Report};

use crate::client::{AdminClient, NodeArgs};
use crate::{configuration, store};

/// What to back up, and where to.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// A file to make, or a folder to make one in, named after the time.
    #[arg(value_name = "DIR|FILE")]
    to: PathBuf,
    /// Open the data folder instead of asking a node; works only while no node runs.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    node: NodeArgs,
}

/// Makes a backup.
///
/// # Errors
/// The node or the store says no, the store is damaged, or the file cannot be made.
pub(crate) fn run(args: &BackupArgs) -> anyhow::Result<()> {
    let path = target(&args.to)?;
    let part = beside(&path);
    let making = || format!("cannot make {}", part.display());
    let mut file = OpenOptions::new().write(true).create_new(true).open(&part).with_context(making)?;
    let made = fill(args, &mut file).and_then(|()| {
        file.sync_all()?;
        let report = read(&part)?;
        std::fs::hard_link(&part, &path).with_context(|| format!("cannot make {}", path.display()))?;
        folder_of(&path).sync()?;
        Ok(report)
    });
    // What is not whole is no use to anybody, and what is has its name by now.
    let removed = std::fs::remove_file(&part);
    let report = made?;
    removed?;
    println!("{}: {}", path.display(), report.digest);
    Ok(())
}

fn fill(args: &BackupArgs, file: &mut File) -> anyhow::Result<()> {
    if !args.offline {
        return AdminClient::new(&args.node)?.download("/backup", file);
    }
    let config = configuration::load(args.node.config.config.as_deref())?;
    store::offline(&config.store, async |store| {
        let mut writer = BackupWriter::new(BufWriter::new(file))?;
        store.walk(&mut writer)?;
        writer.finish()?;
        Ok(())
    })
}

/// Reads a backup as a restore would, and says what is in it.
///
/// # Errors
/// It cannot be read, or is not whole.
pub(crate) fn read(path: &Path) -> anyhow::Result<Report> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut checker = Checker::default();
    let reader = BackupReader::new(BufReader::new(file)).and_then(|reader| reader.walk(&mut checker));
    reader.with_context(|| format!("{} cannot be used", path.display()))?;
    Ok(checker.finish())
}

/// The file to make; none that is there is ever overwritten.
fn target(to: &Path) -> anyhow::Result<PathBuf> {
    let path = if to.is_dir() { to.join(name_of_now()) } else { to.to_owned() };
    if path.exists() {
        bail!("{} is there already", path.display());
    }
    Ok(path)
}

/// Sorts by time.
fn name_of_now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("natter-{seconds}.backup")
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

struct Folder(PathBuf);

fn folder_of(path: &Path) -> Folder {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Folder(parent.unwrap_or(Path::new(".")).to_owned())
}

impl Folder {
    /// Makes the names in it durable.
    fn sync(&self) -> std::io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}
