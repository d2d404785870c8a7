//! The file with the admin token: made at the first start, readable by its owner alone.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::tenants::random_text;

const FILE: &str = "admin.token";
/// Random bytes of the token.
const TOKEN_BYTES: usize = 32;
/// Permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

/// The token of a data folder; makes the folder and the file when there are none.
///
/// # Errors
/// The folder cannot be written, or others can read the file.
pub(crate) fn make(folder: &Path) -> anyhow::Result<String> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    let path = folder.join(FILE);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let token = random_text(TOKEN_BYTES)?;
            file.write_all(token.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(token)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(folder),
        Err(error) => Err(error).with_context(|| format!("cannot make {}", path.display())),
    }
}

/// The token of a data folder that a node has made.
///
/// # Errors
/// There is none, or others can read it.
pub(crate) fn read(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join(FILE);
    check_permissions(&path)?;
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let token = text.trim();
    if token.len() < 2 * TOKEN_BYTES {
        bail!("{} is damaged; delete it and start the node again", path.display());
    }
    Ok(token.to_owned())
}

fn check_permissions(path: &PathBuf) -> anyhow::Result<()> {
    let found = fs::metadata(path)
        .with_context(|| format!("cannot read {} (it is made when a node first starts there)", path.display()))?;
    if found.permissions().mode() & OTHERS != 0 {
        bail!("{} can be read by others: delete it and start the node again, or chmod 600", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let token = make(folder.path()).unwrap();
        assert_eq!(make(folder.path()).unwrap(), token);
        assert_eq!(read(folder.path()).unwrap(), token);
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path()).unwrap();
        fs::set_permissions(folder.path().join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(make(folder.path()).unwrap_err().to_string().contains("can be read by others"));
    }

    #[test]
    fn a_missing_or_cut_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("first starts"));
        make(folder.path()).unwrap();
        fs::write(folder.path().join(FILE), "short").unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("damaged"));
    }
}
