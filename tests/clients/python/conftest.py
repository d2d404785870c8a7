"""Fixtures: one node for each test file, the server API's client, and clients in both encodings."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from cent import Client as ApiClient
from centrifuge import Client

from natter import Natter
from tokens import token

EVENT_TIMEOUT_SECONDS = 15


@pytest.fixture(scope="module")
def natter() -> Iterator[Natter]:
    node = Natter()
    try:
        node.start()
        yield node
    finally:
        node.remove()


@pytest.fixture
def api(natter: Natter) -> Iterator[ApiClient]:
    with ApiClient(natter.api_url, "demo-api-key") as client:
        yield client


@pytest.fixture
def channel() -> Callable[[str], str]:
    """Makes channel names that nobody else uses."""

    def fresh(namespace: str = "") -> str:
        name = f"python-{uuid.uuid4()}"
        return f"{namespace}:{name}" if namespace else name

    return fresh


class Events:
    """Takes every event of a client or subscription, and hands them out by name."""

    def __init__(self) -> None:
        self._queues: dict[str, asyncio.Queue[Any]] = {}

    def _queue(self, name: str) -> asyncio.Queue[Any]:
        return self._queues.setdefault(name, asyncio.Queue())

    def watch(self, handler: Any) -> None:
        for attribute in dir(handler):
            if attribute.startswith("on_"):
                setattr(handler, attribute, self._taker(attribute.removeprefix("on_")))

    def _taker(self, name: str) -> Callable[[Any], Any]:
        async def take(context: Any) -> None:
            self._queue(name).put_nowait(context)

        return take

    async def next(self, name: str) -> Any:
        return await asyncio.wait_for(self._queue(name).get(), EVENT_TIMEOUT_SECONDS)

    def count(self, name: str) -> int:
        return self._queue(name).qsize()


class Clients:
    """Opens clients of one encoding and closes them all at the end."""

    def __init__(self, natter: Natter, use_protobuf: bool) -> None:
        self.natter = natter
        self.use_protobuf = use_protobuf
        self._open: list[Client] = []

    def make(self, user: str = "ada", **options: Any) -> tuple[Client, Events]:
        options.setdefault("token", token({"sub": user}))
        client = Client(self.natter.url, use_protobuf=self.use_protobuf, max_reconnect_delay=0.2, **options)
        self._open.append(client)
        events = Events()
        events.watch(client.events)
        return client, events

    async def connected(self, user: str = "ada", **options: Any) -> tuple[Client, Events]:
        client, events = self.make(user, **options)
        await client.connect()
        await client.ready(EVENT_TIMEOUT_SECONDS)
        return client, events

    async def subscribed(self, client: Client, name: str, **options: Any) -> tuple[Any, Events]:
        subscription, events = self.watched(client, name, **options)
        await subscription.subscribe()
        await subscription.ready(EVENT_TIMEOUT_SECONDS)
        return subscription, events

    @staticmethod
    def watched(client: Client, name: str, **options: Any) -> tuple[Any, Events]:
        subscription = client.new_subscription(name, **options)
        events = Events()
        events.watch(subscription.events)
        return subscription, events

    def encode(self, value: Any) -> Any:
        return json.dumps(value).encode() if self.use_protobuf else value

    def decode(self, data: Any) -> Any:
        return json.loads(data) if self.use_protobuf else data

    async def close(self) -> None:
        for client in self._open:
            await client.disconnect()


@pytest.fixture(params=[False, True], ids=["json", "protobuf"])
async def clients(request: pytest.FixtureRequest, natter: Natter) -> AsyncIterator[Clients]:
    opened = Clients(natter, request.param)
    yield opened
    await opened.close()
