//! SIGHUP: reads the configuration again and puts its limits, tenants and namespaces in force. A file that cannot be
//! used changes nothing, and says why.

use std::sync::Arc;

use metrics::{counter, gauge};
use natter_node::config::ReloadDifference;

use crate::configuration;
use crate::node::Node;

/// Reloads, and notes how it went.
///
/// # Errors
/// What is wrong with the new configuration; the running one stays.
pub(crate) async fn reload(node: &Arc<Node>) -> anyhow::Result<ReloadDifference> {
    let result = take_over(node).await;
    let label = if result.is_ok() { "ok" } else { "failed" };
    counter!("natter_config_reload_total", "result" => label).increment(1);
    gauge!("natter_config_last_reload_success").set(f64::from(result.is_ok()));
    match &result {
        Ok(difference) => log(difference),
        // Several problems are several lines, but a log entry is one.
        Err(error) => {
            tracing::error!("the configuration was not reloaded: {}", format!("{error:#}").replace('\n', "; "))
        }
    }
    result
}

async fn take_over(node: &Arc<Node>) -> anyhow::Result<ReloadDifference> {
    let mut configured = node.configured().await;
    let new = configuration::load(node.file.as_deref())?;
    let difference = configured.reloadable_difference(&new);
    let next = configured.reloaded(&new);
    node.apply(&next).await?;
    *configured = next;
    Ok(difference)
}

fn log(difference: &ReloadDifference) {
    tracing::info!(applied = %difference.applied.join(" "), "the configuration was reloaded");
    for section in &difference.restart {
        tracing::warn!(section, "the section has changed and needs a restart");
    }
}
