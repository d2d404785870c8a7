//! Puts mails into a folder, one `.eml` file each.
//!
//! A file appears whole or not at all, is readable by its owner alone, and bears the name of its job: a repeat replaces it
//! by the same bytes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::queue::{JobId, Outcome};

/// The folder; made with the first mail.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Writes a mail.
    pub(super) async fn put(&self, id: JobId, bytes: Vec<u8>) -> Outcome {
        let folder = self.0.clone();
        match tokio::task::spawn_blocking(move || write(&folder, id, &bytes)).await {
            Ok(Ok(())) => Outcome::Done,
            Ok(Err(error)) => Outcome::retry(format_args!("the mail folder cannot be written: {error}")),
            Err(_) => Outcome::retry("writing the mail was interrupted"),
        }
    }
}

fn write(folder: &Path, id: JobId, bytes: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let unfinished = folder.join(format!(".{id}.tmp"));
    // An attempt that was cut off may have left one.
    if let Err(error) = fs::remove_file(&unfinished)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(format!("{id}.eml")))?;
    File::open(folder)?.sync_all()
}
