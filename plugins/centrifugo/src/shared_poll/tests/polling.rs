use super::*;

#[tokio::test(start_paused = true)]
async fn a_new_key_is_asked_about_at_once_and_then_every_interval() {
    let world = World::versioned();
    world.backend.set("k", 3, "{}");
    let (ada, _) = world.track_unknown(&[("k", 0)]);
    settle().await;
    assert_eq!(waiting(&ada), one("k", 3, "{}"));
    assert_eq!(world.backend.asked(), [[("k".to_owned(), 0)]]);
    seconds(10).await;
    assert_eq!(world.backend.asked().last().unwrap(), &[("k".to_owned(), 3)]);
    assert!(waiting(&ada).is_empty());
    world.backend.set("k", 4, "[]");
    seconds(10).await;
    assert_eq!(waiting(&ada), one("k", 4, "[]"));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_a_client_has_waits_for_the_round() {
    let world = World::versioned();
    world.backend.set("k", 3, "{}");
    let _ada = world.track_unknown(&[("k", 3)]);
    settle().await;
    assert!(world.backend.asked().is_empty());
    seconds(10).await;
    assert_eq!(world.backend.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_subscribers_are_one_question() {
    let world = World::versioned();
    world.backend.set("k", 1, "1");
    let outboxes: Vec<_> = (0..50).map(|_| world.track_unknown(&[("k", 0)]).0).collect();
    settle().await;
    assert_eq!(world.backend.asked().len(), 1);
    for outbox in outboxes {
        assert_eq!(waiting(&outbox), one("k", 1, "1"));
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_gets_what_is_known() {
    let world = World::versioned();
    world.backend.set("k", 1, "1");
    let _ada = world.track_unknown(&[("k", 0)]);
    settle().await;
    let known = world.track(&Outbox::new(None), &[("k", 0)]).unwrap().known;
    assert_eq!(known.iter().map(|update| update.version).collect::<Vec<_>>(), [1]);
    assert!(world.track(&Outbox::new(None), &[("k", 1)]).unwrap().known.is_empty());
    settle().await;
    assert_eq!(world.backend.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_keys_of_a_round_go_in_lists_that_are_spread_over_the_interval() {
    let world = World::versioned();
    let _ada = world.track_unknown(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]);
    let keys = |index: usize| world.backend.asked()[index].iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    seconds(10).await;
    settle().await;
    assert_eq!(world.backend.asked().len(), 1);
    assert_eq!(keys(0), ["a", "b"]);
    seconds(11).await;
    assert_eq!(world.backend.asked().len(), 4);
    assert_eq!((keys(1), keys(2)), (vec!["c".to_owned(), "d".to_owned()], vec!["e".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_is_tracked_by_nobody() {
    let world = World::versioned();
    world.backend.set("k", 1, "1");
    let (ada, _) = world.track_unknown(&[("k", 0)]);
    settle().await;
    waiting(&ada);
    world.backend.remove("k");
    seconds(10).await;
    assert_eq!(waiting(&ada)["k"], (0, String::new(), true));
    seconds(10).await;
    assert_eq!(world.backend.asked().len(), 2);
    assert_eq!(world.channels(), 0);
    // It can be tracked anew.
    world.backend.set("k", 2, "2");
    let (bob, _) = world.track_unknown(&[("k", 0)]);
    settle().await;
    assert_eq!(waiting(&bob), one("k", 2, "2"));
    assert!(waiting(&ada).is_empty());
}

#[tokio::test(start_paused = true)]
async fn polling_ends_some_time_after_the_last_key() {
    let world = World::versioned();
    let (ada, channel) = world.track_unknown(&[("k", 0)]);
    let (bob, _) = world.track_unknown(&[("k", 0)]);
    channel.untrack(ada.id, ["k"].into_iter());
    seconds(2).await;
    assert_eq!(world.channels(), 1);
    channel.untrack(bob.id, ["k"].into_iter());
    settle().await;
    assert_eq!(world.channels(), 1);
    seconds(2).await;
    assert_eq!(world.channels(), 0);
    let asked = world.backend.asked().len();
    seconds(60).await;
    assert_eq!(world.backend.asked().len(), asked);
    // Whoever holds on to the old channel is given a new one.
    assert!(!Arc::ptr_eq(&world.track(&ada, &[("k", 0)]).unwrap().channel, &channel));
}

#[tokio::test(start_paused = true)]
async fn without_versions_a_change_is_told_by_the_value() {
    let world = World::new(SharedPollMode::Versionless);
    world.backend.set("k", 0, "1");
    let (ada, _) = world.track_unknown(&[("k", 0)]);
    settle().await;
    let first = waiting(&ada)["k"].clone();
    assert_eq!(first, (1, "1".to_owned(), false));
    seconds(10).await;
    assert!(waiting(&ada).is_empty());
    world.backend.set("k", 0, "2");
    seconds(10).await;
    assert_eq!(waiting(&ada), one("k", 2, "2"));
    assert!(world.backend.asked().iter().flatten().all(|(_, version)| *version == 0));
    assert_eq!(world.polls.epoch(&world.key, &world.options).len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_published_value_goes_out_at_once_and_spares_a_question() {
    let world = World::versioned();
    let (ada, _) = world.track_unknown(&[("k", 1)]);
    let publish = |version| world.polls.publish(&world.key, "k", (version, ""), Bytes::from_static(b"7"));
    publish(5).unwrap();
    assert_eq!(waiting(&ada), one("k", 5, "7"));
    publish(5).unwrap();
    publish(4).unwrap();
    assert!(waiting(&ada).is_empty());
    seconds(11).await;
    assert!(world.backend.asked().is_empty());
    seconds(10).await;
    assert_eq!(world.backend.asked(), [[("k".to_owned(), 5)]]);
    // Nobody tracks the other key, and nobody the other channel.
    world.polls.publish(&world.key, "other", (1, ""), Bytes::new()).unwrap();
    let nowhere = ChannelKey::new(TenantId::new("other"), "poll:1");
    world.polls.publish(&nowhere, "k", (9, ""), Bytes::new()).unwrap();
    assert!(waiting(&ada).is_empty());
}
