//! Arbitrary messages for property tests: every request, result and push, with most fields of each.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::centrifuge::schema::*;

/// A body that JSON can carry: nothing (which is absent) or any value but `null` (which reads as absent), on one line.
fn body() -> impl Strategy<Value = Bytes> {
    let value = prop_oneof![
        Just(String::new()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("text")),
        any::<BTreeMap<String, bool>>().prop_map(|map| serde_json::to_string(&map).expect("map")),
        Just("{ \"spaced\" : [ ] }".to_owned()),
    ];
    value.prop_map(Bytes::from)
}

fn client_info() -> impl Strategy<Value = ClientInfo> {
    (any::<String>(), any::<String>(), body(), body()).prop_map(|(user, client, conn_info, chan_info)| ClientInfo {
        user,
        client,
        conn_info,
        chan_info,
    })
}

fn publication() -> impl Strategy<Value = Publication> {
    let content = (body(), option::of(client_info()), btree_map(any::<String>(), any::<String>(), 0..3), body());
    let numbers = (any::<u64>(), any::<i64>(), any::<i64>(), any::<u64>());
    let texts = (any::<String>(), any::<String>(), any::<String>(), any::<(bool, bool)>());
    (content, numbers, texts).prop_map(|(content, (offset, time, score, version), (channel, key, epoch, flags))| {
        let (data, info, tags, prev_data) = content;
        let (delta, removed) = flags;
        Publication { data, info, offset, tags, delta, time, channel, key, removed, score, epoch, prev_data, version }
    })
}

fn filter_node() -> impl Strategy<Value = FilterNode> {
    let texts = (any::<[String; 4]>(), vec(any::<String>(), 0..3));
    let leaf = texts.prop_map(|([op, key, cmp, val], vals)| FilterNode { op, key, cmp, val, vals, nodes: vec![] });
    leaf.prop_recursive(3, 8, 3, |inner| {
        (any::<String>(), vec(inner, 0..3)).prop_map(|(op, nodes)| FilterNode { op, nodes, ..FilterNode::default() })
    })
}

fn subscribe_request() -> impl Strategy<Value = SubscribeRequest> {
    let fields = (any::<[String; 5]>(), any::<[bool; 5]>(), any::<[i32; 3]>(), any::<(u64, i64)>());
    (fields, body(), option::of(filter_node())).prop_map(|((texts, switches, numbers, (offset, flag)), data, tf)| {
        let [channel, token, epoch, delta, cursor] = texts;
        let [recover, positioned, recoverable, join_leave, asc] = switches;
        let [r#type, phase, limit] = numbers;
        SubscribeRequest {
            channel,
            token,
            recover,
            epoch,
            offset,
            data,
            positioned,
            recoverable,
            join_leave,
            delta,
            tf,
            flag,
            r#type,
            phase,
            cursor,
            limit,
            asc,
        }
    })
}

fn subscribe_result() -> impl Strategy<Value = SubscribeResult> {
    let fields = (any::<[bool; 6]>(), any::<[u32; 2]>(), any::<[String; 2]>(), any::<(u64, i64, i32, i32)>());
    let lists = (vec(publication(), 0..3), vec(publication(), 0..2), body());
    (fields, lists).prop_map(|((switches, [ttl, publish_debounce], [epoch, cursor], numbers), lists)| {
        let [expires, recoverable, recovered, positioned, was_recovering, delta] = switches;
        let (offset, id, r#type, phase) = numbers;
        let (publications, state, data) = lists;
        SubscribeResult {
            expires,
            ttl,
            recoverable,
            epoch,
            publications,
            recovered,
            offset,
            positioned,
            data,
            was_recovering,
            delta,
            id,
            r#type,
            phase,
            cursor,
            state,
            publish_debounce,
        }
    })
}

fn connect_request() -> impl Strategy<Value = ConnectRequest> {
    let subs = btree_map(any::<String>(), subscribe_request(), 0..3);
    let headers = btree_map(any::<String>(), any::<String>(), 0..3);
    (any::<[String; 5]>(), body(), subs, headers, any::<i64>()).prop_map(|(texts, data, subs, headers, flag)| {
        let [token, name, version, dict, profile] = texts;
        ConnectRequest { token, data, subs, name, version, headers, flag, dict, profile }
    })
}

fn connect_result() -> impl Strategy<Value = ConnectResult> {
    let subs = btree_map(any::<String>(), subscribe_result().prop_map(Listed::from), 0..3);
    let fields = (any::<[String; 4]>(), any::<[bool; 2]>(), any::<[u32; 2]>(), any::<i64>());
    (fields, body(), subs).prop_map(
        |(([client, version, session, node], [expires, pong], [ttl, ping], time), data, subs)| ConnectResult {
            client,
            version,
            expires,
            ttl,
            data,
            subs,
            ping,
            pong,
            session,
            node,
            time,
        },
    )
}

fn sub_refresh_request() -> impl Strategy<Value = SubRefreshRequest> {
    let item = any::<(String, u64)>().prop_map(|(key, version)| KeyedItem { key, version });
    let batch = (any::<String>(), vec(item, 0..3)).prop_map(|(signature, items)| TrackBatch { signature, items });
    (any::<(String, String, i32)>(), vec(batch, 0..3), any::<Vec<String>>()).prop_map(
        |((channel, token, r#type), track, untrack)| SubRefreshRequest { channel, token, r#type, track, untrack },
    )
}

fn history_request() -> impl Strategy<Value = HistoryRequest> {
    let since =
        any::<Option<(u64, String)>>().prop_map(|since| since.map(|(offset, epoch)| StreamPosition { offset, epoch }));
    (any::<(String, i32, bool)>(), since).prop_map(|((channel, limit, reverse), since)| HistoryRequest {
        channel,
        limit,
        since,
        reverse,
    })
}

fn publish_request() -> impl Strategy<Value = PublishRequest> {
    (any::<(String, i32, String, bool)>(), body()).prop_map(|((channel, r#type, key, removed), data)| PublishRequest {
        channel,
        data,
        r#type,
        key,
        removed,
    })
}

/// A command with each request there or not, one of them most of the time.
pub(super) fn command() -> impl Strategy<Value = Command> {
    let empty = Command::default;
    let texts = (any::<String>(), body());
    let request = prop_oneof![
        connect_request().prop_map(move |connect| Command { connect: Some(connect), ..empty() }),
        subscribe_request().prop_map(move |subscribe| Command { subscribe: Some(subscribe), ..empty() }),
        publish_request().prop_map(move |publish| Command { publish: Some(publish), ..empty() }),
        history_request().prop_map(move |history| Command { history: Some(history), ..empty() }),
        sub_refresh_request().prop_map(move |sub_refresh| Command { sub_refresh: Some(sub_refresh), ..empty() }),
        texts.prop_map(move |(text, data)| Command {
            unsubscribe: Some(UnsubscribeRequest { channel: text.clone() }),
            presence: Some(PresenceRequest { channel: text.clone() }),
            presence_stats: Some(PresenceStatsRequest { channel: text.clone() }),
            ping: Some(PingRequest {}),
            send: Some(SendRequest { data: data.clone() }),
            rpc: Some(RpcRequest { data, method: text.clone() }),
            refresh: Some(RefreshRequest { token: text }),
            ..empty()
        }),
        Just(empty()),
    ];
    (any::<u32>(), request).prop_map(|(id, request)| Command { id, ..request })
}

fn push() -> impl Strategy<Value = Push> {
    let empty = Push::default;
    let fields = (any::<(String, u32, bool, u64)>(), body(), option::of(client_info()), connect_result());
    let content = prop_oneof![
        publication().prop_map(move |publication| Push { r#pub: Some(publication), ..empty() }),
        fields.prop_map(move |((text, number, switch, offset), data, info, result)| Push {
            join: Some(Join { info: info.clone() }),
            leave: Some(Leave { info }),
            unsubscribe: Some(Unsubscribe { code: number, reason: text.clone() }),
            message: Some(Message { data: data.clone() }),
            subscribe: Some(Subscribe { recoverable: switch, epoch: text.clone(), offset, positioned: switch, data }),
            connect: Some(uni_connect(result)),
            disconnect: Some(Disconnect { code: number, reason: text, reconnect: switch }),
            refresh: Some(Refresh { expires: switch, ttl: number }),
            ..empty()
        }),
    ];
    (any::<(i64, String)>(), content).prop_map(|((id, channel), content)| Push { id, channel, ..content })
}

fn uni_connect(result: ConnectResult) -> Connect {
    let ConnectResult { client, version, expires, ttl, data, subs, ping, pong, session, node, time } = result;
    Connect { client, version, data, subs, expires, ttl, ping, pong, session, node, time }
}

fn small_results() -> impl Strategy<Value = Reply> {
    let presence = btree_map(any::<String>(), client_info(), 0..3);
    let fields = (any::<(u32, u32, bool, String, u64)>(), body(), vec(publication(), 0..3));
    (fields, presence).prop_map(|(((number, ttl, switch, text, offset), data, publications), presence)| Reply {
        error: Some(Error { code: number, message: text.clone(), temporary: switch }),
        unsubscribe: Some(UnsubscribeResult {}),
        publish: Some(PublishResult {}),
        presence: Some(PresenceResult { presence }),
        presence_stats: Some(PresenceStatsResult { num_clients: number, num_users: ttl }),
        history: Some(HistoryResult { publications: publications.clone(), epoch: text.clone(), offset }),
        ping: Some(PingResult {}),
        rpc: Some(RpcResult { data }),
        refresh: Some(RefreshResult { client: text.clone(), version: text, expires: switch, ttl }),
        sub_refresh: Some(SubRefreshResult { expires: switch, ttl, items: publications }),
        ..Reply::default()
    })
}

/// A reply of any kind.
pub(super) fn reply() -> impl Strategy<Value = Reply> {
    let empty = Reply::default;
    let content = prop_oneof![
        push().prop_map(move |push| Reply { push: Some(push), ..empty() }),
        connect_result().prop_map(move |connect| Reply { connect: Some(connect), ..empty() }),
        subscribe_result().prop_map(move |subscribe| Reply { subscribe: Some(subscribe), ..empty() }),
        small_results(),
        Just(empty()),
    ];
    (any::<u32>(), content).prop_map(|(id, content)| Reply { id, ..content })
}
