//! `natter token`: make and read the tokens that a tenant's backend gives to its users.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use natter_node::auth::{self, Authenticator, Inspection};
use natter_node::config::{self, Config};
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;

use crate::api_token::{self, Plugin};
use crate::cli::ConfigArgs;
use crate::client::NodeArgs;
use crate::configuration;

/// Tokens of users (JWT, signed with HS256).
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a connection token for a user; with --plugin an API token of that plugin.
    Create {
        /// The user; an empty name is an anonymous one.
        #[arg(long, required_unless_present = "plugin", conflicts_with = "plugin")]
        user: Option<String>,
        /// Subscribe the connection to this channel from the start; can be given again.
        #[arg(long = "channel", value_name = "CHANNEL")]
        channels: Vec<String>,
        /// What only the server sees of the connection, as JSON.
        #[arg(long, value_name = "JSON", value_parser = json_value)]
        meta: Option<Value>,
        #[command(flatten)]
        signing: Signing,
        /// Make an API token of this plugin on the running node, for --name and --email.
        #[arg(long, value_enum, requires_all = ["name", "email"])]
        plugin: Option<Plugin>,
        /// With --plugin: what the API user is called.
        #[arg(long, requires = "plugin")]
        name: Option<String>,
        /// With --plugin: the API user's address; the same address is the same user.
        #[arg(long, requires = "plugin")]
        email: Option<String>,
        /// With --plugin: open the data folder instead of asking a node; works only while no node runs.
        #[arg(long, requires = "plugin")]
        offline: bool,
        #[command(flatten)]
        node: NodeArgs,
    },
    /// Make a token that lets a user subscribe to one channel.
    CreateSubscription {
        /// The user, as in the connection token.
        #[arg(long)]
        user: String,
        /// The channel.
        #[arg(long)]
        channel: String,
        #[command(flatten)]
        signing: Signing,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Show what a token says: header, claims, expiry; with --config or NATTER_CONFIG also whether it passes.
    Inspect {
        /// The token.
        token: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// Whose token it is, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Signing {
    /// The tenant; it becomes the audience of the token.
    #[arg(long, default_value = "demo")]
    tenant: String,
    /// How long the token is good for, as 30m, 1h or 7d; "never" for a token that does not expire.
    #[arg(long, default_value = "1h", value_parser = lifetime)]
    expires: Lifetime,
    /// What others see of the user in presence and messages, as JSON.
    #[arg(long, value_name = "JSON", value_parser = json_value)]
    info: Option<Value>,
    /// The tenant's signing secret; without it the one of the configuration.
    #[arg(long, env = "NATTER_TOKEN_SECRET", hide_env_values = true)]
    secret: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Lifetime(Option<Duration>);

/// Does what was asked.
///
/// # Errors
/// There is no secret to sign with, or no token to read.
pub(crate) fn run(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { plugin: Some(Plugin::Connectnow), name, email, offline, node, .. } => {
            let (name, email) = (name.unwrap_or_default(), email.unwrap_or_default());
            println!("{}", api_token::create(&node, offline, name, email)?);
        }
        TokenCommand::Create { user, channels, meta, signing, node, .. } => {
            let mut claims = Map::new();
            claims.insert("sub".to_owned(), json!(user.unwrap_or_default()));
            if !channels.is_empty() {
                claims.insert("channels".to_owned(), json!(channels));
            }
            claims.extend(meta.map(|meta| ("meta".to_owned(), meta)));
            println!("{}", sign(claims, &signing, &node.config)?);
        }
        TokenCommand::CreateSubscription { user, channel, signing, config } => {
            let claims = [("sub".to_owned(), json!(user)), ("channel".to_owned(), json!(channel))];
            println!("{}", sign(claims.into_iter().collect(), &signing, &config)?);
        }
        TokenCommand::Inspect { token, config } => print!("{}", describe(&token, &config)?),
    }
    Ok(())
}

fn sign(mut claims: Map<String, Value>, signing: &Signing, config: &ConfigArgs) -> anyhow::Result<String> {
    let now = unix_seconds();
    claims.insert("aud".to_owned(), json!(signing.tenant));
    claims.insert("iat".to_owned(), json!(now));
    claims.extend(signing.expires.0.map(|lifetime| ("exp".to_owned(), json!(now.saturating_add(lifetime.as_secs())))));
    claims.extend(signing.info.clone().map(|info| ("info".to_owned(), info)));
    Ok(auth::sign_hs256(&claims, &secret(signing, config)?)?)
}

fn secret(signing: &Signing, config: &ConfigArgs) -> anyhow::Result<String> {
    if let Some(secret) = signing.secret.as_ref().filter(|secret| !secret.is_empty()) {
        return Ok(secret.clone());
    }
    let config = configuration::load(config.config.as_deref())?;
    let tenant = config.tenant(&signing.tenant).ok_or_else(|| unknown(&config, &signing.tenant))?;
    if tenant.token_secret.is_empty() {
        bail!("the configuration sets no token_secret for the tenant {:?}: give --secret", tenant.id);
    }
    Ok(tenant.token_secret.reveal().to_owned())
}

fn unknown(config: &Config, id: &str) -> anyhow::Error {
    let ids: Vec<&str> = config.tenants.iter().map(|tenant| tenant.id.as_str()).collect();
    let known = ids.join(", ");
    anyhow!("{id:?} is not a configured tenant (they are {known}); give --secret for one that was added at run time")
}

fn describe(token: &str, config: &ConfigArgs) -> anyhow::Result<String> {
    let token = token.trim();
    let Inspection { header, claims } = auth::inspect(token).context("this is no token")?;
    let mut text = String::new();
    writeln!(text, "header  {}", serde_json::to_string_pretty(&header)?)?;
    writeln!(text, "claims  {}", serde_json::to_string_pretty(&claims)?)?;
    writeln!(text, "expiry  {}", expiry(claims.get("exp").and_then(Value::as_f64), unix_seconds()))?;
    if config.config.is_some() {
        writeln!(text, "check   {}", verdict(token, &claims, config)?)?;
    } else {
        writeln!(text, "check   not verified: give --config to verify it")?;
    }
    Ok(text)
}

/// Whether the token passes with the keys of the configuration.
fn verdict(token: &str, claims: &Value, config: &ConfigArgs) -> anyhow::Result<String> {
    let config = configuration::load(config.config.as_deref())?;
    let authenticator = Authenticator::new(&config.tenants)?;
    let (default_tenant, now) = (&config.plugins.centrifugo.tenant, SystemTime::now());
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        if claims.get("channel").is_some() {
            let tenant = claims.get("aud").and_then(Value::as_str).unwrap_or(default_tenant);
            authenticator.authenticate_subscription(token, tenant, now).decided().await.map(|_| "subscription")
        } else {
            authenticator.authenticate_connection(token, default_tenant, now).decided().await.map(|_| "connection")
        }
    });
    Ok(result.map_or_else(|error| format!("refused: {error}"), |kind| format!("a valid {kind} token")))
}

fn expiry(exp: Option<f64>, now: u64) -> String {
    match exp.map(|exp| exp as u64) {
        None => "never".to_owned(),
        Some(exp) if exp > now => format!("in {}", span(exp - now)),
        Some(exp) => format!("expired {} ago", span(now - exp)),
    }
}

/// A number of seconds in its two largest units.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (size, name) in units {
        let count = left / size;
        left %= size;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(" ") }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn json_value(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    if text == "never" {
        return Ok(Lifetime(None));
    }
    let parsed = config::parse_duration(text).filter(|lifetime| !lifetime.is_zero());
    parsed.map(|lifetime| Lifetime(Some(lifetime))).ok_or_else(|| "is not a time such as 30m, 1h or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (3_599, "59 minutes 59 seconds"),
            (3_600, "1 hour"),
            (90_061, "1 day 1 hour"),
            (172_801, "2 days 1 second"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn expiry_is_told_in_words() {
        assert_eq!(expiry(None, 100), "never");
        assert_eq!(expiry(Some(160.0), 100), "in 1 minute");
        assert_eq!(expiry(Some(40.0), 100), "expired 1 minute ago");
    }

    #[test]
    fn lifetimes_are_spans_or_never() {
        assert!(matches!(lifetime("never"), Ok(Lifetime(None))));
        assert!(matches!(lifetime("1h"), Ok(Lifetime(Some(time))) if time == Duration::from_secs(3600)));
        assert!(lifetime("0s").is_err() && lifetime("soon").is_err());
    }
}
