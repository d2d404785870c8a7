use super::*;

#[tokio::test(start_paused = true)]
async fn a_backend_that_fails_is_asked_less_and_less_and_then_as_before() {
    let world = World::versioned();
    *world.backend.mood.lock() = Mood::Fails;
    let (ada, _) = world.track_unknown(&[("k", 1)]);
    seconds(600).await;
    // Every 10 s would be 60 times; after 10, 20 and 40 s it is once a minute.
    let asked = world.backend.asked().len();
    assert!((8..=14).contains(&asked), "{asked}");
    *world.backend.mood.lock() = Mood::Answers;
    world.backend.set("k", 2, "2");
    seconds(65).await;
    assert_eq!(waiting(&ada), one("k", 2, "2"));
    let asked = world.backend.asked().len();
    seconds(100).await;
    assert_eq!(world.backend.asked().len(), asked + 10);
}

#[tokio::test(start_paused = true)]
async fn what_is_urgent_is_asked_again() {
    let world = World::versioned();
    *world.backend.mood.lock() = Mood::Fails;
    let (ada, channel) = world.track_unknown(&[("k", 0), ("gone", 0)]);
    settle().await;
    channel.untrack(ada.id, ["gone"].into_iter());
    *world.backend.mood.lock() = Mood::Answers;
    world.backend.set("k", 1, "1");
    seconds(1).await;
    assert_eq!(waiting(&ada), one("k", 1, "1"));
    assert_eq!(world.backend.asked().last().unwrap(), &[("k".to_owned(), 0)]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_asked_for_is_ignored() {
    let world = World::versioned();
    let stray = |key: &str, version| KeyState { key: key.to_owned(), version, ..KeyState::default() };
    let items = vec![stray("other", 9), stray("k", 0), KeyState { is_removed: true, ..stray("another", 0) }];
    *world.backend.mood.lock() = Mood::Says(KeysResult { items, epoch: String::new() });
    let (ada, channel) = world.track_unknown(&[("k", 0)]);
    seconds(30).await;
    assert!(waiting(&ada).is_empty());
    assert_eq!(channel.key_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_older_version_is_no_change() {
    let world = World::versioned();
    world.backend.set("k", 5, "5");
    let (ada, _) = world.track_unknown(&[("k", 0)]);
    settle().await;
    waiting(&ada);
    world.backend.set("k", 4, "4");
    seconds(20).await;
    assert!(waiting(&ada).is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_epoch_voids_what_is_known_once_in_an_interval() {
    let world = World::versioned();
    world.backend.set("k", 5, "5");
    let (ada, _) = world.track_unknown(&[("k", 0)]);
    settle().await;
    assert!(!ada.take().is_void);
    "first".clone_into(&mut world.backend.epoch.lock());
    world.backend.set("k", 1, "1");
    seconds(10).await;
    assert!(ada.take().is_void);
    assert_eq!(&*world.polls.epoch(&world.key, &world.options), "first");
    let bob = Outbox::new(None);
    assert_eq!(world.track(&bob, &[("k", 0)]).unwrap().known[0].version, 1);
    // The backend contradicts itself at once: that is no answer.
    let published = world.polls.publish(&world.key, "k", (9, "second"), Bytes::new());
    assert_eq!(published, Err(ClientError::BAD_REQUEST));
    assert!(!bob.take().is_void);
    seconds(11).await;
    world.polls.publish(&world.key, "k", (9, "second"), Bytes::from_static(b"9")).unwrap();
    assert!(bob.take().is_void);
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_hangs_keeps_only_its_own_channel_waiting() {
    let polls = Arc::new(SharedPolls::new(1));
    let world = World { polls: Arc::clone(&polls), ..World::versioned() };
    let other = World { polls, key: ChannelKey::new(TenantId::new("demo"), "poll:2"), ..World::versioned() };
    *world.backend.mood.lock() = Mood::Hangs;
    let (ada, channel) = world.track_unknown(&[("k", 0)]);
    settle().await;
    other.backend.set("k", 1, "1");
    let (bob, _) = other.track_unknown(&[("k", 0)]);
    // The only call that may be under way is: the other channel waits for its end, and that nobody tracks is one.
    seconds(30).await;
    assert!(other.backend.asked().is_empty());
    channel.untrack(ada.id, ["k"].into_iter());
    seconds(2).await;
    assert_eq!(waiting(&bob), one("k", 1, "1"));
}
