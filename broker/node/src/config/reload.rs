//! Reload at run time (SIGHUP): limits, tenants and namespaces take effect, everything else waits for a restart.

use super::tree::Config;

/// How a new configuration differs from the running one, by sections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReloadDifference {
    /// Changed sections that a reload applies.
    pub applied: Vec<&'static str>,
    /// Changed sections that need a restart; they keep their running values.
    pub restart: Vec<&'static str>,
}

impl ReloadDifference {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.restart.is_empty()
    }
}

impl Config {
    /// What changed, and which of it needs a restart.
    pub fn reloadable_difference(&self, new: &Self) -> ReloadDifference {
        let (old_namespaces, new_namespaces) =
            (&self.plugins.centrifugo.namespaces, &new.plugins.centrifugo.namespaces);
        let reloadable = [
            ("limits", self.limits != new.limits),
            ("tenants", self.tenants != new.tenants),
            ("plugins.centrifugo.namespaces", old_namespaces != new_namespaces),
            ("plugins.openchat", self.plugins.openchat != new.plugins.openchat),
            ("plugins.chatsdk", self.plugins.chatsdk != new.plugins.chatsdk),
        ];
        ReloadDifference { applied: changed(reloadable), restart: changed(self.fixed_sections(new)) }
    }

    /// The configuration after a reload: the new limits, tenants and namespaces, the running rest.
    pub fn reloaded(&self, new: &Self) -> Self {
        let mut next = self.clone();
        next.limits = new.limits.clone();
        next.tenants = new.tenants.clone();
        next.plugins.centrifugo.namespaces = new.plugins.centrifugo.namespaces.clone();
        // They have nothing but limits.
        next.plugins.openchat = new.plugins.openchat.clone();
        next.plugins.chatsdk = new.plugins.chatsdk.clone();
        next
    }

    fn fixed_sections(&self, new: &Self) -> [(&'static str, bool); 16] {
        let (old, next) = (&self.plugins, &new.plugins);
        let mut centrifugo = next.centrifugo.clone();
        centrifugo.namespaces.clone_from(&old.centrifugo.namespaces);
        [
            ("server", self.server != new.server),
            ("listeners", self.listeners != new.listeners),
            ("quic", self.quic != new.quic),
            ("store", self.store != new.store),
            ("cluster", self.cluster != new.cluster),
            ("files", self.files != new.files),
            ("mail", self.mail != new.mail),
            ("webhooks", self.webhooks != new.webhooks),
            ("link_previews", self.link_previews != new.link_previews),
            ("push", self.push != new.push),
            ("metrics", self.metrics != new.metrics),
            ("plugins.centrifugo", old.centrifugo != centrifugo),
            ("plugins.socketio", old.socketio != next.socketio),
            ("plugins.chatify", old.chatify != next.chatify),
            ("plugins.campus", old.campus != next.campus),
            ("plugins.connectnow", old.connectnow != next.connectnow),
        ]
    }
}

fn changed<const N: usize>(sections: [(&'static str, bool); N]) -> Vec<&'static str> {
    sections.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}
