//! `natter outbox`: list, retry, discard. The jobs are those of the running node.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use natter_outbox::{JobKind, JobView, Listing};
use serde_json::Value;

use crate::client::{AdminClient, NodeArgs};

/// Jobs of one call.
const PAGE_JOBS: usize = 100;
/// Calls of one listing: more jobs than the queue keeps dead ones.
const PAGES_MAX: usize = 100_000;

/// Webhooks, notifications, previews and mails that wait or were given up.
#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// List the jobs that were given up, with the reason.
    List {
        /// List those that wait instead.
        #[arg(long)]
        waiting: bool,
        /// Most jobs to show.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        node: NodeArgs,
    },
    /// Queue jobs again that were given up.
    Retry(Choice),
    /// Delete jobs that were given up.
    Discard(Choice),
}

/// Which jobs.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Only jobs of this kind: webhook, push, link_preview or mail.
    #[arg(long, value_parser = parse_kind)]
    kind: Option<JobKind>,
    /// Only jobs of this tenant.
    #[arg(long)]
    tenant: Option<String>,
}

/// Some jobs by their ids, or all that the filter leaves.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// Ids, as listed.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<String>,
    /// All of them, or all of a kind or tenant.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    node: NodeArgs,
}

fn parse_kind(name: &str) -> Result<JobKind, String> {
    let known = JobKind::ALL.into_iter().find(|kind| kind.as_str() == name);
    known.ok_or_else(|| "one of webhook, push, link_preview, mail".to_owned())
}

/// Does what was asked.
///
/// # Errors
/// The node is not there, or says no.
pub(crate) fn run(command: OutboxCommand) -> anyhow::Result<()> {
    match command {
        OutboxCommand::List { waiting, limit, json, filter, node } => {
            let state = if waiting { "waiting" } else { "dead" };
            show(&find(&AdminClient::new(&node)?, state, &filter, limit)?, json)
        }
        OutboxCommand::Retry(choice) => each(&choice, "retry", "queued again"),
        OutboxCommand::Discard(choice) => each(&choice, "discard", "discarded"),
    }
}

pub(crate) fn find(client: &AdminClient, state: &str, filter: &Filter, limit: usize) -> anyhow::Result<Vec<JobView>> {
    let (mut found, mut from) = (Vec::new(), String::new());
    for _ in 0..PAGES_MAX {
        let page: Listing = client.get(&format!("/outbox?state={state}&limit={PAGE_JOBS}{from}"))?;
        found.extend(page.jobs.into_iter().filter(|job| filter.takes(job)));
        match page.next {
            Some(next) if found.len() < limit => from = format!("&from={}", next.replace('/', "%2F")),
            _ => break,
        }
    }
    found.truncate(limit);
    Ok(found)
}

impl Filter {
    /// Jobs of a kind, of one tenant or of all.
    pub(crate) fn new(kind: JobKind, tenant: Option<String>) -> Self {
        Self { kind: Some(kind), tenant }
    }

    fn takes(&self, job: &JobView) -> bool {
        self.kind.is_none_or(|kind| kind == job.kind) && self.tenant.as_ref().is_none_or(|tenant| *tenant == job.tenant)
    }
}

fn each(choice: &Choice, action: &str, done: &str) -> anyhow::Result<()> {
    let client = AdminClient::new(&choice.node)?;
    let ids = match choice.all {
        true => find(&client, "dead", &choice.filter, usize::MAX)?.into_iter().map(|job| job.id).collect(),
        false => choice.ids.clone(),
    };
    act(&client, &ids, action)?;
    println!("{} jobs {done}", ids.len());
    Ok(())
}

/// Does something to dead jobs.
pub(crate) fn act(client: &AdminClient, ids: &[String], action: &str) -> anyhow::Result<()> {
    for id in ids {
        if !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            bail!("{id:?} is no job's id");
        }
        client.post::<Value>(&format!("/outbox/{id}/{action}"), &()).with_context(|| format!("job {id}"))?;
    }
    Ok(())
}

fn show(jobs: &[JobView], json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(jobs)?);
        return Ok(());
    }
    println!("{:<32} {:<12} {:<20} {:>8} {:<24} REASON", "JOB", "KIND", "TENANT", "ATTEMPTS", "HOST");
    for job in jobs {
        let (kind, reason) = (job.kind.as_str(), job.reason.replace(char::is_control, " "));
        println!("{:<32} {kind:<12} {:<20} {:>8} {:<24} {reason}", job.id, job.tenant, job.attempts, job.host);
    }
    Ok(())
}
