"""python-socketio's client: a shop and a customer of an Open Chat partner, over every transport."""

from __future__ import annotations

import asyncio
import json
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import socketio

from natter import Natter, free_port
from tokens import token as user_token

EVENT_TIMEOUT_SECONDS = 15
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}


@pytest.fixture(scope="module")
def open_chat() -> Iterator[str]:
    """The address of a listener that serves everything."""
    port = free_port()
    node = Natter(settings={
        "NATTER__LISTENERS__1__ADDRESS": f"127.0.0.1:{port}",
        "NATTER__PLUGINS__OPENCHAT__REGISTRATIONS_PER_MINUTE": "100000",
    })
    try:
        node.start()
        yield f"http://127.0.0.1:{port}"
    finally:
        node.remove()


class Partner:
    """A registered partner with its access token."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.username = f"p_{uuid.uuid4().hex[:12]}"
        self.token = ""
        body = {"username": self.username, "email": f"{self.username}@example.com"}
        self.token = self.post("/v2/auth/register", body)["access_token"]

    def post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": self.token}
        request = urllib.request.Request(self.address + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=EVENT_TIMEOUT_SECONDS) as answer:
            return json.load(answer)["data"]

    def room(self, shop: str, user: str) -> str:
        return self.post("/v2/chats/rooms", {"shop_id": shop, "user_id": user})["_id"]


@pytest.fixture
def partner(open_chat: str) -> Partner:
    return Partner(open_chat)


class Heard:
    """Everything that a client gets, in order."""

    def __init__(self, client: socketio.AsyncClient) -> None:
        self._queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.refusals: list[Any] = []
        client.on("*", self._take)
        client.on("connect_error", self._refused)

    async def _refused(self, reason: Any) -> None:
        self.refusals.append(reason)

    async def _take(self, name: str, payload: Any) -> None:
        self._queue.put_nowait((name, payload))

    async def next(self) -> tuple[str, Any]:
        return await asyncio.wait_for(self._queue.get(), EVENT_TIMEOUT_SECONDS)

    def is_empty(self) -> bool:
        return self._queue.empty()


Opening = Callable[..., Any]


@pytest.fixture(params=TRANSPORTS)
async def connect(request: pytest.FixtureRequest, open_chat: str) -> AsyncIterator[Opening]:
    opened: list[socketio.AsyncClient] = []
    refused: list[list[Any]] = []

    async def open_client(token: str | None, **options: Any) -> tuple[socketio.AsyncClient, Heard]:
        client = socketio.AsyncClient(reconnection=False)
        heard = Heard(client)
        opened.append(client)
        auth = {"token": token} if token else None
        refused.append(heard.refusals)
        await client.connect(open_chat, auth=auth, transports=TRANSPORTS[request.param], **options)
        assert client.transport() == ("polling" if request.param == "polling" else "websocket")
        return client, heard

    open_client.refused = refused
    yield open_client
    for client in opened:
        await client.disconnect()


async def does(client: socketio.AsyncClient, event: str, payload: Any) -> Any:
    envelope = await client.call(event, payload, timeout=EVENT_TIMEOUT_SECONDS)
    assert (envelope["status"], envelope["code"]) == (True, "0000"), envelope
    return envelope["data"]


def said(by: str, side: str, message: str, **place: str) -> dict[str, str]:
    return {"sender_by": by, "sender_id": side, "sender_name": by, "message": message, **place}


async def test_a_shop_and_a_customer_talk(connect: Opening, partner: Partner):
    room = partner.room("shop", "ann")
    shop, shop_heard = await connect(partner.token)
    scoped = partner.post("/v2/auth/socket-token", {"by": "user", "id": "ann"})["token"]
    customer, heard = await connect(scoped)
    await does(shop, "user-register", {"by": "shop", "id": "shop"})
    await does(customer, "join-room", room)
    for number in range(1, 21):
        sent = await does(shop, "send", said("shop", "shop", f"{number} 🎉", room_id=room))
        assert sent["seq"] == number
    for number in range(1, 21):
        name, message = await heard.next()
        assert (name, message["seq"]) == (f"{partner.username}_{room}", number)
        assert message["message"] == f"{number} 🎉"
    await does(customer, "send", said("user", "ann", "thanks", room_id=room))
    name, message = await shop_heard.next()
    assert (name, message["message"], message["seq"]) == (f"{partner.username}_shop_shop", "thanks", 21)
    await does(customer, "mark-read", {"room_id": room, "type": "user"})
    assert (await heard.next())[1]["message"] == "thanks"
    assert (await heard.next())[0] == "user:read"


async def test_large_messages_and_own_events(connect: Opening, partner: Partner):
    client, heard = await connect(partner.token)
    data = {"text": "ü" * 100_000, "list": [1, None, {"deep": True}]}
    answer = partner.post("/v2/notify/user", {"event": "news", "data": data, "socket_id": client.get_sid()})
    assert answer["socket_id"] == client.get_sid()
    assert await heard.next() == ("news", data)


async def test_what_fails_is_said(connect: Opening, partner: Partner):
    client, heard = await connect(partner.token)
    envelope = await client.call("join-room", "nonsense", timeout=EVENT_TIMEOUT_SECONDS)
    assert (envelope["status"], envelope["code"]) == (False, "1000")
    await client.emit("join-room", "0" * 24)
    name, envelope = await heard.next()
    assert (name, envelope["status"], envelope["code"]) == ("error", False, "1004")


async def test_who_has_no_token_is_not_let_in(connect: Opening):
    for token in (None, "x" * 100):
        with pytest.raises(socketio.exceptions.ConnectionError):
            await connect(token)
        assert connect.refused[-1] == [{"message": "Unauthorized", "data": {"code": "4001"}}]


async def test_a_tenants_user_connects(connect: Opening):
    client, heard = await connect(user_token({"sub": "ada"}))
    assert client.connected and heard.is_empty()


async def test_the_token_in_a_header_connects(connect: Opening, partner: Partner):
    client, _ = await connect(None, headers={"Authorization": f"Bearer {partner.token}"})
    assert client.connected
