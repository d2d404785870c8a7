//! Shared polls against a stand-in for the backend, in a time that stands still unless everybody waits.

mod polling;
mod signatures;
mod trouble;
mod updates;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use natter_core::{ChannelKey, TenantId};
use natter_node::config::{SharedPollMode, SharedPollOptions};
use natter_protocol::centrifuge::codes::ClientError;
use natter_protocol::centrifuge::framing::{Encoding, decode_replies};
use natter_protocol::centrifuge::schema::Publication;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use super::*;
use crate::proxy::{Answer, Call, KeyState, KeysQuestion, KeysResult, ProxyError};

const JSON: Form = Form { encoding: Encoding::Json, has_delta: false };

/// What the stand-in does with a question.
#[derive(Clone, Debug, Default)]
enum Mood {
    #[default]
    Answers,
    Fails,
    /// It says this, whatever it is asked.
    Says(KeysResult),
    Hangs,
}

/// A backend: its values, and what it was asked.
#[derive(Default)]
struct StandIn {
    values: Mutex<BTreeMap<String, KeyState>>,
    epoch: Mutex<String>,
    mood: Mutex<Mood>,
    questions: Mutex<Vec<KeysQuestion>>,
}

impl StandIn {
    fn set(&self, key: &str, version: u64, data: &'static str) {
        let state = KeyState { key: key.to_owned(), version, data: Bytes::from(data), ..KeyState::default() };
        self.values.lock().insert(key.to_owned(), state);
    }

    fn remove(&self, key: &str) {
        let state = KeyState { key: key.to_owned(), is_removed: true, ..KeyState::default() };
        self.values.lock().insert(key.to_owned(), state);
    }

    /// The keys of each question so far, with the versions that were sent along.
    fn asked(&self) -> Vec<Vec<(String, u64)>> {
        let known = |question: &KeysQuestion| {
            question.items.iter().map(|item| (item.key.to_string(), item.version)).collect::<Vec<_>>()
        };
        self.questions.lock().iter().map(known).collect()
    }

    fn answer(&self, question: &KeysQuestion) -> KeysResult {
        let values = self.values.lock();
        let items = question.items.iter().filter_map(|item| values.get(&*item.key).cloned()).collect();
        KeysResult { items, epoch: self.epoch.lock().clone() }
    }
}

impl Source for StandIn {
    fn keys(&self, name: &str, question: &KeysQuestion) -> Call<KeysResult> {
        assert_eq!(name, "default");
        self.questions.lock().push(question.clone());
        match self.mood.lock().clone() {
            Mood::Answers => {
                let answer = self.answer(question);
                Box::pin(async { Ok(Answer::Result(answer)) })
            }
            Mood::Fails => Box::pin(async { Err(ProxyError::Timeout) }),
            Mood::Says(answer) => Box::pin(async { Ok(Answer::Result(answer)) }),
            Mood::Hangs => Box::pin(std::future::pending()),
        }
    }
}

/// A node with one channel.
struct World {
    polls: Arc<SharedPolls>,
    backend: Arc<StandIn>,
    options: SharedPollOptions,
    key: ChannelKey,
}

impl World {
    fn new(mode: SharedPollMode) -> Self {
        let options = SharedPollOptions { mode, refresh_batch_size: 2, ..SharedPollOptions::default() };
        let key = ChannelKey::new(TenantId::new("demo"), "poll:1");
        Self { polls: Arc::new(SharedPolls::new(0)), backend: Arc::default(), options, key }
    }

    fn versioned() -> Self {
        Self::new(SharedPollMode::Versioned)
    }

    fn track(&self, outbox: &Arc<Outbox>, keys: &[(&str, u64)]) -> Result<Tracked, ClientError> {
        let wanted = keys.iter().map(|(key, version)| Wanted { key: Arc::from(*key), version: *version });
        let mut wanted: Vec<_> = wanted.collect();
        let source: Arc<dyn Source> = Arc::<StandIn>::clone(&self.backend);
        self.polls.track(&self.key, &self.options, &mut wanted, outbox, (&Handle::current(), &source))
    }

    /// Tracks keys of which nothing is known yet.
    fn track_unknown(&self, keys: &[(&str, u64)]) -> (Arc<Outbox>, Arc<PollChannel>) {
        let outbox = Outbox::new(None);
        let tracked = self.track(&outbox, keys).unwrap();
        assert!(tracked.known.is_empty());
        (outbox, tracked.channel)
    }

    fn channels(&self) -> usize {
        self.polls.channel_count()
    }
}

/// What waits in an outbox, by key: version, data, and whether it is a removal.
fn waiting(outbox: &Outbox) -> BTreeMap<String, (u64, String, bool)> {
    let shown = |update: &Arc<Update>| {
        let publication = shown(update, JSON, None);
        (publication.key, (publication.version, text(&publication.data), publication.removed))
    };
    outbox.take().updates.iter().map(shown).collect()
}

fn one(key: &str, version: u64, data: &str) -> BTreeMap<String, (u64, String, bool)> {
    BTreeMap::from([(key.to_owned(), (version, data.to_owned(), false))])
}

fn shown(update: &Update, form: Form, known: Option<u64>) -> Publication {
    let message = update.message(form, known).unwrap();
    let mut replies = decode_replies(form.encoding, &message);
    replies.next().unwrap().unwrap().push.unwrap().r#pub.unwrap()
}

fn text(data: &[u8]) -> String {
    String::from_utf8(data.to_vec()).unwrap()
}

/// Lets everything run that does not wait for a later time.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
