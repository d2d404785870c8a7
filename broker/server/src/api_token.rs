//! `natter token create --plugin`: API tokens of plugins that have users of their own.

use anyhow::anyhow;
use clap::ValueEnum;
use natter_connectnow::{NewApiToken, issue_api_token};
use natter_core::TenantId;
use tokio::runtime::Builder;

use crate::admin::NewApiUser;
use crate::client::{AdminClient, NodeArgs};
use crate::configuration;
use crate::store::OpenStore;

/// Plugins with API tokens.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Plugin {
    /// Connect Now's Chat API.
    Connectnow,
}

/// Makes a token on the running node, or in its data folder.
///
/// # Errors
/// The node or the store says no.
pub(crate) fn create(node: &NodeArgs, is_offline: bool, name: String, email: String) -> anyhow::Result<String> {
    let asked = NewApiUser { name, email };
    let made = match is_offline {
        true => offline(node, &asked)?,
        false => AdminClient::new(node)?.post("/connectnow/tokens", &asked)?,
    };
    Ok(made.api_token)
}

fn offline(node: &NodeArgs, asked: &NewApiUser) -> anyhow::Result<NewApiToken> {
    let config = configuration::load(node.config.config.as_deref())?;
    let tenant = TenantId::new(config.plugins.connectnow.tenant.as_str());
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let open = OpenStore::open(&config.store).await?;
        let made = issue_api_token(open.store.as_ref(), &tenant, &asked.name, &asked.email).await;
        open.store.close().await;
        made.map_err(|rejection| anyhow!(rejection.message()))
    })
}
