//! What is accepted and does nothing, or is dangerous: one line each, for the log of the start.

use std::fmt;

use super::plugins::PLUGIN_NAMES;
use super::storage::StoreKind;
use super::tree::Config;

/// Sections that are features of their own, besides the plugins.
const FEATURE_SECTIONS: [&str; 7] = ["quic", "cluster", "files", "mail", "webhooks", "link_previews", "push"];

/// One warning: the section and what to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The section or key that it is about.
    pub key: String,
    /// What to know.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

impl Config {
    /// What to tell the operator at the start. `built` names what this binary has: plugins, and of the features `quic`,
    /// `cluster`, `scylla`, `files`, `mail`, `webhooks`, `link_previews`, `push`.
    pub fn warnings(&self, built: &[&str]) -> Vec<Warning> {
        let mut warnings = self.unbuilt_sections(built);
        warnings.extend(self.unbuilt_listeners(built));
        warnings.extend(self.options_without_effect());
        warnings.extend(self.open_doors());
        warnings
    }

    fn unbuilt_sections(&self, built: &[&str]) -> Vec<Warning> {
        let plugins = PLUGIN_NAMES.iter().map(|name| (format!("plugins.{name}"), *name));
        let features = FEATURE_SECTIONS.iter().map(|name| ((*name).to_owned(), *name));
        let mut warnings: Vec<Warning> = features
            .chain(plugins)
            .filter(|(section, name)| self.mentions(section) && !built.contains(name))
            .map(|(key, _)| warning(key, "is not part of this build: the section has no effect"))
            .collect();
        if self.store.kind == StoreKind::Scylla && !built.contains(&"scylla") {
            warnings.push(warning("store.kind".to_owned(), "scylla is not part of this build"));
        }
        warnings
    }

    fn unbuilt_listeners(&self, built: &[&str]) -> Vec<Warning> {
        let missing = |plugins: &[String]| -> Vec<String> {
            plugins.iter().filter(|name| !built.contains(&name.as_str())).cloned().collect()
        };
        let entries = self.listeners.iter().enumerate().map(|(index, entry)| (index, entry, missing(&entry.plugins)));
        entries
            .filter(|(_, _, missing)| !missing.is_empty())
            .map(|(index, entry, missing)| {
                let all = missing.len() == entry.plugins.len();
                let effect = if all { "every request is answered 404" } else { "only the others are served" };
                let message = format!("{} ({}): not part of this build, {effect}", entry.address, missing.join(", "));
                warning(format!("listeners[{index}]"), &message)
            })
            .collect()
    }

    fn options_without_effect(&self) -> Vec<Warning> {
        let namespaces = self.plugins.centrifugo.namespaces.iter().enumerate();
        namespaces
            .flat_map(|(index, namespace)| {
                let key = move |option| format!("plugins.centrifugo.namespaces[{index}].{option}");
                namespace.without_effect().into_iter().map(move |option| warning(key(option), "has no effect"))
            })
            .collect()
    }

    /// Development settings on an address that others can reach.
    fn open_doors(&self) -> Vec<Warning> {
        if self.listeners.iter().all(|listener| listener.address.ip().is_loopback()) {
            return Vec::new();
        }
        let settings = &self.plugins.centrifugo;
        let demo = super::Tenant::demo();
        let demo_in_use = self.tenants.iter().any(|tenant| tenant.token_secret == demo.token_secret);
        let doors = [
            ("plugins.centrifugo.insecure", settings.insecure, "everybody may do everything, and a listener is public"),
            (
                "plugins.centrifugo.http_api.insecure",
                settings.http_api.insecure,
                "no key is needed, and a listener is public",
            ),
            ("tenants", demo_in_use, "the demo secret is known to everybody, and a listener is public"),
        ];
        doors.into_iter().filter(|door| door.1).map(|(key, _, message)| warning(key.to_owned(), message)).collect()
    }
}

fn warning(key: String, message: &str) -> Warning {
    Warning { key, message: message.to_owned() }
}
