//! Asking the running node, as the command line does.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use natter_node::config::Config;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::Agent;

use crate::admin;
use crate::cli::ConfigArgs;
use crate::configuration;

/// How long the node may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);

/// Where the node is.
#[derive(Clone, Debug, Args)]
pub(crate) struct NodeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Internal address of the node; without it the one of the configuration [default: http://127.0.0.1:9000]
    #[arg(long, value_name = "URL", env = "NATTER_INTERNAL")]
    internal: Option<String>,
    /// File with the admin token; without it admin.token in the data folder of the configuration
    #[arg(long, value_name = "FILE", env = "NATTER_ADMIN_TOKEN_FILE")]
    token_file: Option<PathBuf>,
}

/// A client of `/admin/api`.
pub(crate) struct AdminClient {
    agent: Agent,
    base: String,
    token: String,
}

impl AdminClient {
    /// Finds the node and the token.
    ///
    /// # Errors
    /// The configuration cannot be read, or there is no token.
    pub(crate) fn new(args: &NodeArgs) -> anyhow::Result<Self> {
        let config = configuration::load(args.config.config.as_deref())?;
        let token = match &args.token_file {
            Some(file) => std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
            None => admin::read_token(&config.store.path)?,
        };
        let settings = Agent::config_builder().timeout_global(Some(ANSWER_TIME_MAX)).http_status_as_error(false);
        Ok(Self { agent: settings.build().into(), base: base(args, &config), token: token.trim().to_owned() })
    }

    /// `GET` of a path below `/admin/api`.
    ///
    /// # Errors
    /// The node is not there, or says no.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.agent.get(self.url(path)).header("authorization", self.bearer()).call();
        self.read(answer)
    }

    /// `POST` of a path below `/admin/api`.
    ///
    /// # Errors
    /// The node is not there, or says no.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let answer = self.agent.post(self.url(path)).header("authorization", self.bearer()).send_json(body);
        self.read(answer)
    }

    /// `GET` of a path whose answer is a file of any length.
    ///
    /// # Errors
    /// The node is not there, says no, or ends the answer early.
    pub(crate) fn download(&self, path: &str, file: &mut File) -> anyhow::Result<()> {
        // A long answer takes as long as it takes.
        let patient = Agent::config_builder().timeout_recv_response(Some(ANSWER_TIME_MAX)).http_status_as_error(false);
        let patient: Agent = patient.build().into();
        let answer = patient.get(self.url(path)).header("authorization", self.bearer()).call();
        match answer {
            Ok(mut answer) if answer.status().is_success() => {
                let copied = std::io::copy(&mut answer.body_mut().as_reader(), file);
                copied.map(drop).context("the node did not send all of it")
            }
            refused => self.read::<Value>(refused).map(drop),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/admin/api{path}", self.base)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<T> {
        let hint = || format!("no node answers at {} (--offline opens the data folder when none runs)", self.base);
        let mut answer = answer.with_context(hint)?;
        let status = answer.status();
        let body: Value = answer.body_mut().read_json().with_context(|| format!("{} is no natter node", self.base))?;
        if !status.is_success() {
            bail!("{}", body["error"].as_str().unwrap_or("the node refused without a reason"));
        }
        Ok(serde_json::from_value(body)?)
    }
}

fn base(args: &NodeArgs, config: &Config) -> String {
    let configured = || {
        let mut address = config.server.internal_address;
        // An address that stands for all of a machine's is reached at this machine's own.
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            });
        }
        format!("http://{address}")
    };
    args.internal.clone().unwrap_or_else(configured).trim_end_matches('/').to_owned()
}
