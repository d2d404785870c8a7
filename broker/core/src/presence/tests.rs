use std::sync::Arc;

use super::{Presence, PresenceStats};
use crate::ClientInfo;

fn info(client: &str, user: &str) -> (Arc<str>, Arc<ClientInfo>) {
    (client.into(), Arc::new(ClientInfo { client: client.into(), user: user.into(), ..ClientInfo::default() }))
}

fn join(presence: &mut Presence, client: &str, user: &str, members_max: usize) {
    let (client, info) = info(client, user);
    presence.join(client, info, members_max);
}

fn stats(num_clients: usize, num_users: usize) -> PresenceStats {
    PresenceStats { num_clients, num_users }
}

#[test]
fn users_are_counted_once_and_anonymous_ones_as_one() {
    let mut presence = Presence::default();
    for (client, user) in [("a", "ada"), ("b", "ada"), ("c", ""), ("d", "")] {
        join(&mut presence, client, user, 10);
    }
    assert_eq!(presence.stats(), stats(4, 2));
    presence.leave("a");
    assert_eq!(presence.stats(), stats(3, 2));
    presence.leave("b");
    presence.leave("b");
    assert_eq!(presence.stats(), stats(2, 1));
}

#[test]
fn a_connection_that_joins_again_is_replaced() {
    let mut presence = Presence::default();
    join(&mut presence, "a", "ada", 1);
    join(&mut presence, "a", "grace", 1);
    assert_eq!(presence.stats(), stats(1, 1));
    assert_eq!(presence.members()[0].user, "grace");
}

#[test]
fn a_full_list_takes_nobody_else() {
    let mut presence = Presence::default();
    for client in ["a", "b", "c"] {
        join(&mut presence, client, client, 2);
    }
    assert_eq!(presence.stats(), stats(2, 2));
    presence.leave("c");
    assert_eq!(presence.stats(), stats(2, 2));
}

#[test]
fn an_update_lists_nobody() {
    let mut presence = Presence::default();
    join(&mut presence, "a", "ada", 1);
    for (client, user) in [("a", "grace"), ("b", "ada")] {
        let (client, info) = info(client, user);
        presence.update(&client, info);
    }
    assert_eq!(presence.stats(), stats(1, 1));
    assert_eq!(presence.members()[0].user, "grace");
}
