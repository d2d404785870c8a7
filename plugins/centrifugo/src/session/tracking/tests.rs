//! Subscribers that come, track, read and go in any order, against a model of what their clients know.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use natter_core::{ChannelKey, TenantId};
use natter_node::config::{SharedPollMode, SharedPollOptions};
use natter_protocol::centrifuge::framing::{Encoding, decode_replies};
use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::runtime::{Builder, Handle};

use super::*;
use crate::proxy::{Answer, Call, KeyState, KeysQuestion, KeysResult, ProxyError};
use crate::shared_poll::{SharedPolls, Source};

const FORM: Form = Form { encoding: Encoding::Json, has_delta: false };
const CLIENTS: usize = 3;
const KEYS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Copy, Debug)]
enum Step {
    Track { client: usize, key: usize, says_version: bool },
    Untrack { client: usize, key: usize },
    Leave { client: usize },
    Read { client: usize },
    Set { key: usize },
    Remove { key: usize },
    Fail { fails: bool },
    Wait { seconds: u64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    let (client, key) = (0..CLIENTS, 0..KEYS.len());
    prop_oneof![
        4 => (client.clone(), key.clone(), any::<bool>())
            .prop_map(|(client, key, says_version)| Step::Track { client, key, says_version }),
        2 => (client.clone(), key.clone()).prop_map(|(client, key)| Step::Untrack { client, key }),
        1 => client.clone().prop_map(|client| Step::Leave { client }),
        3 => client.prop_map(|client| Step::Read { client }),
        3 => key.clone().prop_map(|key| Step::Set { key }),
        1 => key.prop_map(|key| Step::Remove { key }),
        1 => any::<bool>().prop_map(|fails| Step::Fail { fails }),
        3 => prop_oneof![Just(0u64), Just(2), Just(11)].prop_map(|seconds| Step::Wait { seconds }),
    ]
}

#[derive(Default)]
struct StandIn {
    keys: Mutex<BTreeMap<&'static str, KeyState>>,
    fails: Mutex<bool>,
}

impl StandIn {
    /// Versions go on counting when a key is removed and comes back.
    fn change(&self, key: &'static str, is_removed: bool) {
        let mut keys = self.keys.lock();
        let version = keys.get(key).map_or(0, |state| state.version) + 1;
        let data = Bytes::from(version.to_string());
        keys.insert(key, KeyState { key: key.to_owned(), data, version, is_removed, ..KeyState::default() });
    }
}

impl Source for StandIn {
    fn keys(&self, _name: &str, question: &KeysQuestion) -> Call<KeysResult> {
        if *self.fails.lock() {
            return Box::pin(async { Err(ProxyError::Timeout) });
        }
        let keys = self.keys.lock();
        let items = question.items.iter().filter_map(|item| keys.get(&*item.key).cloned()).collect();
        Box::pin(async { Ok(Answer::Result(KeysResult { items, epoch: String::new() })) })
    }
}

/// A session's part, and what its client knows: the version of each key that it tracks.
struct Client {
    tracking: Tracking,
    known: BTreeMap<String, u64>,
}

impl Client {
    fn new() -> Self {
        Self { tracking: Tracking::new(None), known: BTreeMap::new() }
    }

    fn track(&mut self, world: &World, key: &str, version: u64) {
        let mut wanted = [Wanted { key: Arc::from(key), version }];
        self.tracking.begin_anew(&wanted);
        let source: Arc<dyn Source> = Arc::<StandIn>::clone(&world.backend);
        let (handle, outbox) = (Handle::current(), Arc::clone(&self.tracking.outbox));
        let tracked = world.polls.track(&world.key, &world.options, &mut wanted, &outbox, (&handle, &source)).unwrap();
        self.tracking.tracked_in(tracked.channel);
        self.tracking.tracked(&wanted[0], NEVER);
        self.known.insert(key.to_owned(), version);
        for update in tracked.known {
            assert!(update.version > version);
            self.tracking.given(&update);
            self.known.insert(key.to_owned(), update.version);
        }
    }

    fn read(&mut self) {
        assert!(self.tracking.take());
        while let Some(message) = self.tracking.next_message(FORM).unwrap() {
            let reply = decode_replies(FORM.encoding, &message).next().unwrap().unwrap();
            let publication = reply.push.unwrap().r#pub.unwrap();
            let known = self.known.remove(&publication.key).expect("only what is tracked is pushed");
            if !publication.removed {
                assert!(publication.version > known);
                assert_eq!(&publication.data[..], publication.version.to_string().as_bytes());
                self.known.insert(publication.key, publication.version);
            }
        }
    }
}

struct World {
    polls: Arc<SharedPolls>,
    backend: Arc<StandIn>,
    options: SharedPollOptions,
    key: ChannelKey,
}

impl World {
    fn new() -> Self {
        let options = SharedPollOptions { mode: SharedPollMode::Versioned, ..SharedPollOptions::default() };
        let key = ChannelKey::new(TenantId::new("demo"), "poll:1");
        Self { polls: Arc::new(SharedPolls::new(0)), backend: Arc::default(), options, key }
    }

    async fn step(&self, clients: &mut [Client], step: Step) {
        match step {
            Step::Track { client, key, says_version } => {
                let client = &mut clients[client];
                let known = client.known.get(KEYS[key]).copied().filter(|_| says_version);
                client.track(self, KEYS[key], known.unwrap_or_default());
            }
            Step::Untrack { client, key } => {
                clients[client].tracking.untrack([KEYS[key]].into_iter());
                clients[client].known.remove(KEYS[key]);
            }
            Step::Leave { client } => clients[client] = Client::new(),
            Step::Read { client } => clients[client].read(),
            Step::Set { key } => self.backend.change(KEYS[key], false),
            Step::Remove { key } => self.backend.change(KEYS[key], true),
            Step::Fail { fails } => *self.backend.fails.lock() = fails,
            Step::Wait { seconds } => tokio::time::sleep(Duration::from_millis(seconds * 1_000 + 1)).await,
        }
    }

    /// In the end everybody has the backend's values of what they track, and when all have left nothing is polled.
    async fn settle(&self, mut clients: Vec<Client>) {
        *self.backend.fails.lock() = false;
        tokio::time::sleep(Duration::from_secs(200)).await;
        for client in &mut clients {
            client.read();
            for (key, version) in &client.known {
                let present = self.backend.keys.lock().get(key.as_str()).cloned();
                assert!(!present.as_ref().is_some_and(|state| state.is_removed), "{key}");
                assert_eq!(present.map_or(0, |state| state.version), *version, "{key}");
            }
        }
        drop(clients);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(self.polls.channel_count(), 0);
    }
}

proptest! {
    #[test]
    fn everybody_has_the_latest_of_what_they_track(steps in proptest::collection::vec(any_step(), 0..60)) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let mut clients: Vec<_> = (0..CLIENTS).map(|_| Client::new()).collect();
            for step in steps {
                world.step(&mut clients, step).await;
            }
            world.settle(clients).await;
        });
    }
}
