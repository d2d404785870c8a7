"""The official Python client: connecting, publishing, presence, history, recovery, tokens."""

from __future__ import annotations

import asyncio

import pytest
from cent import PublishRequest
from centrifuge import ClientState, DeltaType, Filter, ReplyError, StreamPosition, SubscriptionState

from tokens import in_seconds, token


async def test_connects_and_disconnects(clients):
    client, events = await clients.connected()
    assert (await events.next("connected")).client
    await client.disconnect()
    assert client.state == ClientState.DISCONNECTED
    assert (await events.next("disconnected")).code == 0


async def test_a_forged_token_ends_with_3500(clients):
    client, events = clients.make(token=token({"sub": "ada"}, "not-the-secret-not-the-secret-not-it"))
    await client.connect()
    assert (await events.next("disconnected")).code == 3500


async def test_an_expired_token_is_replaced(clients):
    asked = []

    async def get_token() -> str:
        asked.append(1)
        return token({"sub": "ada", "exp": in_seconds(600)})

    await clients.connected(token=token({"sub": "ada", "exp": in_seconds(-60)}), get_token=get_token)
    assert len(asked) == 1


async def test_a_publication_reaches_all_in_order(clients, channel):
    name = channel()
    sender, _ = await clients.connected("ada")
    reader, _ = await clients.connected("bob")
    _, events = await clients.subscribed(reader, name)
    for index in range(50):
        await sender.publish(name, clients.encode({"index": index}))
    for index in range(50):
        publication = (await events.next("publication")).pub
        assert clients.decode(publication.data) == {"index": index}
        assert publication.offset == index + 1
        assert publication.info.user == "ada"


async def test_history_and_presence(clients, channel):
    name = channel()
    client, _ = await clients.connected()
    subscription, _ = await clients.subscribed(client, name)
    for index in range(1, 6):
        await subscription.publish(clients.encode({"index": index}))
    whole = await subscription.history(limit=-1)
    assert [clients.decode(each.data)["index"] for each in whole.publications] == [1, 2, 3, 4, 5]
    since = StreamPosition(offset=3, epoch=whole.epoch)
    page = await subscription.history(limit=10, since=since)
    assert [each.offset for each in page.publications] == [4, 5]
    newest = await subscription.history(limit=1, reverse=True)
    assert [each.offset for each in newest.publications] == [5]
    assert len((await subscription.presence()).clients) == 1
    stats = await subscription.presence_stats()
    assert (stats.num_clients, stats.num_users) == (1, 1)


async def test_joins_and_leaves(clients, channel):
    name = channel()
    watcher, _ = await clients.connected("watcher")
    _, events = await clients.subscribed(watcher, name, join_leave=True)
    assert (await events.next("join")).info.user == "watcher"
    guest, _ = await clients.connected("guest")
    visit, _ = await clients.subscribed(guest, name)
    assert (await events.next("join")).info.user == "guest"
    await visit.unsubscribe()
    assert (await events.next("leave")).info.user == "guest"


async def test_what_was_missed_is_recovered_after_a_crash(clients, natter, channel):
    name = channel("durable")
    client, client_events = await clients.connected()
    subscription, events = await clients.subscribed(client, name)
    assert not (await events.next("subscribed")).was_recovering
    for index in range(1, 4):
        await subscription.publish(clients.encode({"index": index}))
    natter.crash()
    await events.next("subscribing")
    await asyncio.to_thread(natter.start)
    context = await events.next("subscribed")
    assert (context.was_recovering, context.recovered) == (True, True)
    await subscription.ready()
    await subscription.publish(clients.encode({"index": 4}))
    seen = [(await events.next("publication")).pub for _ in range(4)]
    assert [each.offset for each in seen] == [1, 2, 3, 4]
    assert [clients.decode(each.data)["index"] for each in seen] == [1, 2, 3, 4]


async def test_a_forgotten_position_is_not_recovered(clients, api, channel):
    name = channel("small")
    for index in range(5):
        api.publish(PublishRequest(channel=name, data={"index": index}))
    client, _ = await clients.connected()
    subscription, events = clients.watched(client, name)
    await subscription.subscribe()
    first = await events.next("subscribed")
    await subscription.unsubscribe()
    assert first.stream_position.offset == 5


async def test_subscription_tokens(clients, channel):
    name = channel("private")
    client, _ = await clients.connected()
    subscription, _ = await clients.subscribed(client, name, token=token({"sub": "ada", "channel": name}))
    assert subscription.state == SubscriptionState.SUBSCRIBED
    stranger, _ = await clients.connected("eve")
    refused, events = clients.watched(stranger, name)
    await refused.subscribe()
    assert (await events.next("unsubscribed")).code == 103


async def test_server_side_subscriptions(clients, api, channel):
    name = channel()
    _, events = await clients.connected(token=token({"sub": "ada", "channels": [name]}))
    names = {(await events.next("subscribed")).channel for _ in range(2)}
    assert names == {name, "#ada"}
    api.publish(PublishRequest(channel=name, data={"index": 1}))
    context = await events.next("publication")
    assert (context.channel, clients.decode(context.pub.data)) == (name, {"index": 1})


async def test_deltas(clients, api, channel):
    name = channel("delta")
    client, _ = await clients.connected()
    _, events = await clients.subscribed(client, name, delta=DeltaType.FOSSIL)
    sent = [{"index": index, "text": "the same words again and again " * 8} for index in range(4)]
    for data in sent:
        api.publish(PublishRequest(channel=name, data=data))
    seen = [clients.decode((await events.next("publication")).pub.data) for _ in sent]
    assert seen == sent


async def test_tag_filters(clients, api, channel):
    name = channel("tagged")
    client, _ = await clients.connected()
    _, events = await clients.subscribed(client, name, tags_filter=Filter.eq("kind", "wanted"))
    for index, kind in enumerate(["other", "wanted", "other", "wanted"]):
        api.publish(PublishRequest(channel=name, data={"index": index}, tags={"kind": kind}))
    seen = [clients.decode((await events.next("publication")).pub.data)["index"] for _ in range(2)]
    assert seen == [1, 3]


async def test_errors_have_their_codes(clients):
    client, _ = await clients.connected()
    for attempt, code in [
        (client.publish("nowhere:1", clients.encode({})), 102),
        (client.publish("private:1", clients.encode({})), 103),
        (client.presence("fast:1"), 108),
        (client.rpc("nothing", clients.encode({})), 108),
    ]:
        with pytest.raises(ReplyError) as refusal:
            await attempt
        assert refusal.value.code == code
