//! `natter webhooks`: what partners' and tenants' servers have not been told yet, and telling them now.
//!
//! A delivery waits until its server takes it, or is given up and dead. The node's own queue is asked: these are its jobs
//! of the kind webhook.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::bail;
use clap::{Args, Subcommand};
use natter_node::run_time_tenants::SELF_REGISTERED_PREFIX;
use natter_outbox::{JobKind, JobView};
use serde::Serialize;
use serde_json::{Value, json};

use crate::client::{AdminClient, NodeArgs};
use crate::outbox::{Filter, act, find};

const DEAD: &str = "dead";
const WAITING: &str = "waiting";

/// What a partner's or tenant's server has not been told yet.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksCommand {
    /// List deliveries that wait or were given up, the oldest first, with age, attempts and the last reason.
    List {
        #[command(flatten)]
        owner: Owner,
        /// Only those that were given up.
        #[arg(long, conflicts_with = "waiting")]
        dead: bool,
        /// Only those that wait.
        #[arg(long)]
        waiting: bool,
        /// Most deliveries to show.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        node: NodeArgs,
    },
    /// Deliver again: what was given up is queued as if it were new, and what waits for another attempt has it now.
    Retry {
        #[command(flatten)]
        owner: Owner,
        /// Those of everyone.
        #[arg(long)]
        all: bool,
        /// Deliveries that were given up, by their ids as listed.
        #[arg(conflicts_with_all = ["all", "partner", "tenant"])]
        ids: Vec<String>,
        #[command(flatten)]
        node: NodeArgs,
    },
}

/// Whose deliveries; everyone's unless given.
#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// An Open Chat partner, by the name that it registered.
    #[arg(long, conflicts_with = "tenant")]
    partner: Option<String>,
    /// A tenant.
    #[arg(long)]
    tenant: Option<String>,
}

impl Owner {
    fn tenant(&self) -> Option<String> {
        let of_partner = |name: &String| format!("{SELF_REGISTERED_PREFIX}{}", name.to_ascii_lowercase());
        self.partner.as_ref().map(of_partner).or_else(|| self.tenant.clone())
    }
}

/// A delivery, as it is listed.
#[derive(Debug, Serialize)]
struct Shown {
    state: &'static str,
    age_seconds: i64,
    #[serde(flatten)]
    job: JobView,
}

/// Does what was asked.
///
/// # Errors
/// The node is not there, or says no.
pub(crate) fn run(command: WebhooksCommand) -> anyhow::Result<()> {
    match command {
        WebhooksCommand::List { owner, dead, waiting, limit, json, node } => {
            let states: &[_] = match (dead, waiting) {
                (true, _) => &[DEAD],
                (_, true) => &[WAITING],
                _ => &[DEAD, WAITING],
            };
            show(&listed(&AdminClient::new(&node)?, states, owner.tenant(), limit)?, json)
        }
        WebhooksCommand::Retry { owner, all, ids, node } if ids.is_empty() => {
            if !all && owner.tenant().is_none() {
                bail!("name a --partner, a --tenant or ids, or say --all");
            }
            retry(&AdminClient::new(&node)?, owner.tenant())
        }
        WebhooksCommand::Retry { ids, node, .. } => {
            act(&AdminClient::new(&node)?, &ids, "retry")?;
            println!("{} dead deliveries queued again", ids.len());
            Ok(())
        }
    }
}

fn listed(
    client: &AdminClient,
    states: &[&'static str],
    tenant: Option<String>,
    limit: usize,
) -> anyhow::Result<Vec<Shown>> {
    let (filter, now_ms) = (Filter::new(JobKind::Webhook, tenant), now_ms());
    let mut all = Vec::new();
    for state in states {
        let jobs = find(client, state, &filter, limit)?;
        all.extend(jobs.into_iter().map(|job| Shown { state, age_seconds: (now_ms - job.created_ms) / 1_000, job }));
    }
    all.sort_by(|one, other| (one.job.created_ms, &one.job.id).cmp(&(other.job.created_ms, &other.job.id)));
    all.truncate(limit);
    Ok(all)
}

/// What was dead first: it is in line then when the others are hurried.
fn retry(client: &AdminClient, tenant: Option<String>) -> anyhow::Result<()> {
    let dead = find(client, DEAD, &Filter::new(JobKind::Webhook, tenant.clone()), usize::MAX)?;
    let ids: Vec<String> = dead.into_iter().map(|job| job.id).collect();
    act(client, &ids, "retry")?;
    let hurried: Value = client.post("/outbox/hurry", &json!({ "kind": JobKind::Webhook, "tenant": tenant }))?;
    println!("{} dead deliveries queued again, {} lines of waiting ones hurried", ids.len(), hurried["lines"]);
    Ok(())
}

fn show(deliveries: &[Shown], json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(deliveries)?);
        return Ok(());
    }
    println!("{:<8} {:<32} {:<24} {:>8} {:>8} {:<24} REASON", "STATE", "DELIVERY", "TENANT", "AGE", "ATTEMPTS", "HOST");
    for Shown { state, age_seconds, job } in deliveries {
        let (age, reason) = (age(*age_seconds), job.reason.replace(char::is_control, " "));
        let JobView { id, tenant, attempts, host, .. } = job;
        println!("{state:<8} {id:<32} {tenant:<24} {age:>8} {attempts:>8} {host:<24} {reason}");
    }
    Ok(())
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// An age in its largest unit, or the two largest.
fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m{}s", seconds / 60, seconds % 60),
        seconds @ 3_600..86_400 => format!("{}h{}m", seconds / 3_600, seconds % 3_600 / 60),
        seconds => format!("{}d{}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_are_short() {
        let shown: Vec<String> = [-1, 59, 61, 3_600, 90_000].into_iter().map(age).collect();
        assert_eq!(shown, ["0s", "59s", "1m1s", "1h0m", "1d1h"]);
    }
}
