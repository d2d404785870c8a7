//! Reading the configuration of this process, and `natter check-config`.

use std::path::Path;

use anyhow::Context;
use natter_node::auth::Authenticator;
use natter_node::config::Config;

use crate::wiring::BUILT;

/// Reads file and environment, and tries the tenants' keys.
///
/// # Errors
/// Everything that is wrong, one line each.
pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Config> {
    let config = Config::load(file, variables())?;
    Authenticator::new(&config.tenants).context("a tenant's key cannot be used")?;
    Ok(config)
}

/// `natter check-config`.
///
/// # Errors
/// The file cannot be used.
pub(crate) fn check(file: &Path) -> anyhow::Result<()> {
    let config = load(Some(file))?;
    for warning in config.warnings(BUILT) {
        println!("warning: {warning}");
    }
    println!("{}: ok", file.display());
    Ok(())
}

/// The environment, without names or values that are no text: none of them can be ours.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
