"""The server API through pycent, the official Python client of backends."""

from __future__ import annotations

import uuid

import pytest
import requests
from cent import (
    BatchRequest,
    BroadcastRequest,
    CentApiResponseError,
    CentUnauthorizedError,
    ChannelsRequest,
    Client,
    Disconnect,
    DisconnectRequest,
    HistoryRemoveRequest,
    HistoryRequest,
    InfoRequest,
    PresenceRequest,
    PresenceStatsRequest,
    PublishRequest,
    RefreshRequest,
    StreamPosition,
    SubscribeRequest,
    UnsubscribeRequest,
)

from tokens import in_seconds


def test_publish_returns_the_position(api, channel):
    name = channel()
    results = [api.publish(PublishRequest(channel=name, data={"index": index})) for index in range(3)]
    assert [each.offset for each in results] == [1, 2, 3]
    assert len({each.epoch for each in results}) == 1 and results[0].epoch


def test_publish_without_history_has_no_position(api, channel):
    result = api.publish(PublishRequest(channel=channel("fast"), data={}))
    assert (result.offset, result.epoch) == (0, "")


def test_broadcast_answers_for_each_channel(api, channel):
    names = [channel(), "nowhere:1", channel()]
    result = api.broadcast(BroadcastRequest(channels=names, data={"to": "all"}))
    assert [each.error.code if each.error else 0 for each in result.responses] == [0, 102, 0]
    assert result.responses[2].result.offset == 1


def test_history_pages_and_removal(api, channel):
    name = channel()
    for index in range(5):
        api.publish(PublishRequest(channel=name, data={"index": index}, tags={"index": str(index)}))
    top = api.history(HistoryRequest(channel=name))
    assert (top.offset, top.publications) == (5, [])
    page = api.history(HistoryRequest(channel=name, limit=2, since=StreamPosition(offset=2, epoch=top.epoch)))
    assert [each.offset for each in page.publications] == [3, 4]
    assert page.publications[0].data == {"index": 2}
    backwards = api.history(HistoryRequest(channel=name, limit=2, reverse=True))
    assert [each.offset for each in backwards.publications] == [5, 4]
    api.history_remove(HistoryRemoveRequest(channel=name))
    after = api.history(HistoryRequest(channel=name, limit=10))
    assert (after.publications, after.offset, after.epoch) == ([], 5, top.epoch)


def test_a_repeated_idempotency_key_publishes_once(api, channel):
    name, key = channel(), str(uuid.uuid4())
    results = [api.publish(PublishRequest(channel=name, data={"n": n}, idempotency_key=key)) for n in range(2)]
    assert results[0].offset == results[1].offset == 1
    assert len(api.history(HistoryRequest(channel=name, limit=10)).publications) == 1


def test_a_durable_channel_repeats_nothing_either(api, channel):
    name, key = channel("durable"), str(uuid.uuid4())
    results = [api.publish(PublishRequest(channel=name, data={"n": n}, idempotency_key=key)) for n in range(2)]
    assert results[0].offset == results[1].offset == 1
    assert api.publish(PublishRequest(channel=name, data={"n": 3})).offset == 2


def test_base64_data_is_decoded(api, channel):
    name = channel()
    api.publish(PublishRequest(channel=name, data=None, b64data="eyJiIjoxfQ=="))
    assert api.history(HistoryRequest(channel=name, limit=1)).publications[0].data == {"b": 1}


def test_a_batch_answers_in_order(api, channel):
    name = channel()
    requests_ = [PublishRequest(channel=name, data={}), PublishRequest(channel=name, data={}), HistoryRequest(channel=name, limit=5)]
    replies = api.batch(BatchRequest(requests=requests_)).replies
    assert [replies[0].offset, replies[1].offset, len(replies[2].publications)] == [1, 2, 2]


async def test_presence_channels_and_info(clients, api, channel):
    name = channel()
    client, _ = await clients.connected("ada")
    await clients.subscribed(client, name)
    presence = api.presence(PresenceRequest(channel=name)).presence
    assert [each.user for each in presence.values()] == ["ada"]
    stats = api.presence_stats(PresenceStatsRequest(channel=name))
    assert (stats.num_clients, stats.num_users) == (1, 1)
    active = api.channels(ChannelsRequest(pattern="python-*")).channels
    assert active[name].num_clients == 1
    nodes = api.info(InfoRequest()).nodes
    assert len(nodes) == 1 and nodes[0].num_clients >= 1


async def test_subscribe_and_unsubscribe_a_user(clients, api, channel):
    name = channel()
    _, events = await clients.connected("guided")
    await events.next("subscribed")
    api.subscribe(SubscribeRequest(user="guided", channel=name))
    assert (await events.next("subscribed")).channel == name
    api.unsubscribe(UnsubscribeRequest(user="guided", channel=name))
    assert (await events.next("unsubscribed")).channel == name


async def test_disconnect_a_user(clients, api):
    _, events = await clients.connected("leaving")
    api.disconnect(DisconnectRequest(user="leaving", disconnect=Disconnect(code=4500, reason="bye")))
    context = await events.next("disconnected")
    assert (context.code, context.reason) == (4500, "bye")


async def test_refresh_lets_a_connection_expire(clients, api):
    _, events = await clients.connected("expiring")
    await events.next("connecting")
    api.refresh(RefreshRequest(user="expiring", expire_at=in_seconds(600)))
    api.refresh(RefreshRequest(user="expiring", expired=True))
    assert (await events.next("connecting")).code == 3005


def test_errors_are_told_in_the_body(api):
    with pytest.raises(CentApiResponseError) as refusal:
        api.publish(PublishRequest(channel="nowhere:1", data={}))
    assert refusal.value.code == 102
    with pytest.raises(CentApiResponseError) as refusal:
        api.presence(PresenceRequest(channel="fast:1"))
    assert refusal.value.code == 108


def test_a_wrong_key_is_401(natter):
    with Client(natter.api_url, "not-a-key") as stranger, pytest.raises(CentUnauthorizedError):
        stranger.info(InfoRequest())


def test_a_tenants_key_sees_its_tenant_only(natter, api, channel):
    name = channel()
    api.publish(PublishRequest(channel=name, data={"secret": 1}))
    with Client(natter.api_url, "other-api-key") as other:
        assert other.history(HistoryRequest(channel=name, limit=10)).publications == []


def test_three_ways_to_bring_the_key(natter):
    url = f"{natter.api_url}/info"
    for options in (
        {"headers": {"X-API-Key": "demo-api-key"}},
        {"headers": {"Authorization": "apikey demo-api-key"}},
        {"params": {"api_key": "demo-api-key"}},
    ):
        assert requests.post(url, json={}, timeout=10, **options).status_code == 200


def test_wrong_requests_have_http_statuses(natter):
    headers = {"X-API-Key": "demo-api-key"}
    assert requests.get(f"{natter.api_url}/info", headers=headers, timeout=10).status_code == 405
    assert requests.post(f"{natter.api_url}/nothing", headers=headers, json={}, timeout=10).status_code == 404
    assert requests.post(f"{natter.api_url}/publish", headers=headers, data=b"{", timeout=10).status_code == 400


def test_errors_as_http_statuses_on_request(natter):
    headers = {"X-API-Key": "demo-api-key", "X-Centrifugo-Error-Mode": "transport"}
    answer = requests.post(f"{natter.api_url}/publish", headers=headers, json={"channel": "nowhere:1", "data": {}}, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (404, 102)
