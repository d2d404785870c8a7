//! Reading a configuration: file, then environment, then types, then checks.

use std::collections::BTreeSet;
use std::path::Path;

use super::decode::decode;
use super::environment;
use super::errors::{ConfigError, KeyPath, Origin, Problem};
use super::node::{Node, Value};
use super::tree::Config;
use super::validate;

/// A configuration file is small; a wrong path may lead to something that is not.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

impl Config {
    /// Reads the file, if there is one, and lays the variables named `NATTER__…` over it.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, has an unknown key or a value of the wrong type, or a check fails. Each
    /// problem names the line or the variable.
    pub fn load(path: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let text = path.map(read).transpose()?;
        Self::load_text(text.as_deref().unwrap_or_default(), env).map_err(|mut error| {
            error.file = path.map(Path::to_path_buf);
            error
        })
    }

    /// As [`Config::load`], of a text that is at hand.
    ///
    /// # Errors
    /// As [`Config::load`]; lines are those of the text.
    pub fn load_text(text: &str, env: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut root = if text.is_empty() { Node::empty() } else { parse(Node::parse(text))? };
        let defaults = parse(Node::parse_default(Self::default_toml()))?;
        environment::overlay(&mut root, &defaults, env)?;
        let mut config: Self = decode(&root).map_err(single)?;
        config.mentioned = mentioned(&root);
        config.fill_in_tenants();
        let problems = validate::problems(&config, &root);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { file: None, problems }) }
    }

    /// A plugin without a tenant of its own serves the first one.
    fn fill_in_tenants(&mut self) {
        let Some(first) = self.tenants.first().map(|tenant| tenant.id.clone()) else { return };
        let plugins = &mut self.plugins;
        let own = [
            &mut plugins.socketio.tenant,
            &mut plugins.centrifugo.tenant,
            &mut plugins.chatify.tenant,
            &mut plugins.campus.tenant,
            &mut plugins.connectnow.tenant,
        ];
        own.into_iter().filter(|tenant| tenant.is_empty()).for_each(|tenant| tenant.clone_from(&first));
        let key = &plugins.centrifugo.http_api.api_key;
        let serves = |tenant: &&mut super::Tenant| tenant.id == plugins.centrifugo.tenant;
        if let Some(tenant) = self.tenants.iter_mut().find(serves).filter(|_| !key.is_empty()) {
            tenant.api_keys.push(key.clone());
        }
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let failed = |message: String| ConfigError { file: Some(path.to_path_buf()), ..single(at_no_key(message)) };
    let size = std::fs::metadata(path).map_err(|error| failed(format!("cannot be read: {error}")))?.len();
    if size > FILE_BYTES_MAX {
        return Err(failed(format!("has {size} bytes, more than the {FILE_BYTES_MAX} a configuration may have")));
    }
    std::fs::read_to_string(path).map_err(|error| failed(format!("cannot be read: {error}")))
}

fn at_no_key(message: String) -> Problem {
    Problem { origin: Origin::Default, key: KeyPath::default(), message, hint: None }
}

fn single(problem: Problem) -> ConfigError {
    ConfigError { file: None, problems: vec![problem] }
}

fn parse(result: Result<Node, super::node::SyntaxError>) -> Result<Node, ConfigError> {
    result.map_err(|error| single(Problem { origin: Origin::Line(error.line), ..at_no_key(error.message) }))
}

fn mentioned(root: &Node) -> BTreeSet<String> {
    let keys = |node: &Node| match &node.value {
        Value::Table(table) => table.keys().cloned().collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let plugins = root.get("plugins").map(keys).unwrap_or_default();
    keys(root).into_iter().chain(plugins.into_iter().map(|name| format!("plugins.{name}"))).collect()
}
