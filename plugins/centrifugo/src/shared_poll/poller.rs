//! Asks the backend about a channel's keys: about all of them in rounds, about single ones as soon as somebody needs them.
//!
//! At most one round and one urgent question are under way for a channel, and of all channels together at most
//! `shared_poll.concurrency_limit` calls. The questions of a round are spread over the interval. A backend that fails, is
//! slow or answers what makes no sense is asked again, ever less often, and nothing else comes of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::SharedPolls;
use super::channel::PollChannel;
use crate::metrics;
use crate::proxy::{Answer, Call, KeysQuestion, KeysResult};

/// The longest pause after failures, unless the interval is longer anyway.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// The first pause after an urgent question that has failed.
const URGENT_PAUSE: Duration = Duration::from_millis(100);
/// A round never follows upon another without a pause.
const ROUND_PAUSE: Duration = Duration::from_millis(10);

/// Who knows the values of keys.
pub(crate) trait Source: Send + Sync + 'static {
    /// Asks the proxy called `name`.
    fn keys(&self, name: &str, question: &KeysQuestion) -> Call<KeysResult>;
}

/// Which kind of question is counted.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Round,
    Urgent,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::Round => "round",
            Self::Urgent => "urgent",
        }
    }
}

/// Whether a backend has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Answered,
    Failed,
}

/// Polls a channel until nobody has tracked anything in it for a while.
pub(super) async fn run(polls: Arc<SharedPolls>, channel: Arc<PollChannel>, source: Arc<dyn Source>) {
    tokio::select! {
        () = rounds(&channel, &*source) => {}
        () = urgent(&channel, &*source) => {}
        () = idle(&channel) => {}
    }
    polls.forget(&channel);
    tracing::debug!(channel = %channel.name(), "nobody tracks keys of the channel any more");
}

async fn idle(channel: &PollChannel) {
    loop {
        channel.emptied.notified().await;
        sleep(channel.options.channel_shutdown_delay).await;
        if channel.close_if_empty() {
            return;
        }
    }
}

async fn rounds(channel: &PollChannel, source: &dyn Source) {
    let interval = channel.interval();
    let (mut failures, mut pause) = (0, interval);
    loop {
        sleep(pause).await;
        let started = Instant::now();
        failures = match round(channel, source).await {
            Asked::Answered => recovered(channel, failures),
            Asked::Failed => failed(channel, failures),
        };
        pause = back_off(interval, failures, PAUSE_MAX).saturating_sub(started.elapsed()).max(ROUND_PAUSE);
    }
}

/// Asks about all keys. It has failed when nothing at all was answered.
async fn round(channel: &PollChannel, source: &dyn Source) -> Asked {
    let lists = channel.round();
    metrics::shared_poll_keys(channel.key_count());
    let spread = channel.interval() / u32::try_from(lists.len().max(1)).unwrap_or(u32::MAX);
    let questions = lists.into_iter().zip(0u32..).map(|(keys, index)| async move {
        sleep(spread.saturating_mul(index)).await;
        ask(channel, source, &keys, Kind::Round).await
    });
    let asked = join_all(questions).await;
    let has_failed = !asked.is_empty() && asked.iter().all(|asked| *asked == Asked::Failed);
    if has_failed { Asked::Failed } else { Asked::Answered }
}

async fn urgent(channel: &PollChannel, source: &dyn Source) {
    let mut failures = 0;
    loop {
        let keys = channel.take_urgent();
        if keys.is_empty() {
            channel.urgent.notified().await;
            continue;
        }
        match ask(channel, source, &keys, Kind::Urgent).await {
            Asked::Answered => failures = 0,
            Asked::Failed => {
                failures += 1;
                channel.put_back(keys);
                sleep(back_off(URGENT_PAUSE, failures, channel.interval().max(URGENT_PAUSE))).await;
            }
        }
    }
}

/// Asks about keys, and hands out what has changed.
async fn ask(channel: &PollChannel, source: &dyn Source, keys: &[Arc<str>], kind: Kind) -> Asked {
    // The semaphore is never closed.
    let Ok(_permit) = channel.common.calls.acquire().await else { return Asked::Failed };
    let Some(question) = channel.question(keys) else { return Asked::Answered };
    let started = Instant::now();
    let answer = source.keys(&channel.options.proxy_name, &question).await;
    metrics::shared_poll_call(kind.label(), started.elapsed());
    let error = match answer {
        Ok(Answer::Result(result)) => match channel.answered(result) {
            Ok(changes) => {
                changes.hand_out();
                return Asked::Answered;
            }
            Err(_) => "another epoch so soon after the last".to_owned(),
        },
        Ok(Answer::Error(error)) => format!("error {}: {}", error.code, error.message),
        Ok(Answer::Disconnect(_)) => "a disconnect, which no poll can have".to_owned(),
        Err(error) => error.to_string(),
    };
    metrics::shared_poll_failure(kind.label());
    let (name, proxy) = (channel.name(), &channel.options.proxy_name);
    tracing::debug!(channel = %name, proxy, keys = keys.len(), kind = kind.label(), error, "shared poll call failed");
    Asked::Failed
}

fn failed(channel: &PollChannel, failures: u32) -> u32 {
    if failures == 0 {
        let proxy = &channel.options.proxy_name;
        tracing::warn!(channel = %channel.name(), proxy, "the backend does not tell the values of tracked keys");
    }
    failures.saturating_add(1)
}

fn recovered(channel: &PollChannel, failures: u32) -> u32 {
    if failures > 0 {
        tracing::info!(channel = %channel.name(), failures, "the backend tells the values of tracked keys again");
    }
    0
}

/// A pause that doubles with every failure, up to a bound.
fn back_off(pause: Duration, failures: u32, max: Duration) -> Duration {
    match failures {
        0 => pause,
        _ => pause.saturating_mul(1 << failures.min(16)).min(max.max(pause)),
    }
}
