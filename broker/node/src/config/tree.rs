//! The root of the typed tree.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::limits::Limits;
use super::plugins::Plugins;
use super::server::{Listener, Metrics, Quic, Server};
use super::services::{Files, LinkPreviews, Mail, Push, Webhooks};
use super::storage::{Cluster, Store};
use super::tenants::Tenant;

/// The whole configuration of a node. Made by [`Config::load`], which checks it; not changed afterwards.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[[listeners]]`.
    pub listeners: Vec<Listener>,
    /// `[quic]`; off without the section.
    pub quic: Option<Quic>,
    /// `[store]`.
    pub store: Store,
    /// `[cluster]`; one node alone without the section.
    pub cluster: Option<Cluster>,
    /// `[files]`.
    pub files: Files,
    /// `[mail]`.
    pub mail: Mail,
    /// `[webhooks]`.
    pub webhooks: Webhooks,
    /// `[link_previews]`.
    pub link_previews: LinkPreviews,
    /// `[push]`.
    pub push: Push,
    /// `[limits]`.
    pub limits: Limits,
    /// `[metrics]`.
    pub metrics: Metrics,
    /// `[[tenants]]`.
    pub tenants: Vec<Tenant>,
    /// `[plugins.*]`.
    pub plugins: Plugins,
    /// The sections that file or environment mention, as `quic` or `plugins.socketio`.
    #[serde(skip)]
    pub(super) mentioned: BTreeSet<String>,
}

impl Default for Config {
    /// The tree that a node gets when it is told nothing, before the tenants of plugins are filled in.
    fn default() -> Self {
        Self {
            server: Server::default(),
            listeners: Listener::defaults(),
            quic: None,
            store: Store::default(),
            cluster: None,
            files: Files::default(),
            mail: Mail::default(),
            webhooks: Webhooks::default(),
            link_previews: LinkPreviews::default(),
            push: Push::default(),
            limits: Limits::default(),
            metrics: Metrics::default(),
            tenants: vec![Tenant::demo()],
            plugins: Plugins::default(),
            mentioned: BTreeSet::new(),
        }
    }
}

impl Config {
    /// The documented file that sets every key to its default; where a section is off by default it is a comment.
    pub fn default_toml() -> &'static str {
        include_str!("natter.toml")
    }

    /// A tenant by its id.
    pub fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == id)
    }

    /// Whether file or environment mention a section, as `quic` or `plugins.socketio`.
    pub fn mentions(&self, section: &str) -> bool {
        self.mentioned.contains(section)
    }
}
