"""Work for a node that makes every series move: publications, presence, recoveries, refusals, requests."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import uuid
from collections.abc import Callable

import requests
import websockets

from natter import Natter
from tokens import token

ROUNDS_MAX = 120
KEY = {"X-API-Key": "demo-api-key"}


class LoadedNode:
    """A node and what works on it while the context is open."""

    def __init__(self) -> None:
        self.natter = Natter()
        self.generator: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LoadedNode:
        self.natter.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.generator is not None:
            self.generator.terminate()
            self.generator.wait()
        self.natter.remove()

    def work_until(self, done: Callable[[], bool]) -> None:
        """Starts the load generator, then goes round by round until `done`, leaving the load on."""
        self.generator = self._start_generator()
        for _ in range(ROUNDS_MAX):
            asyncio.run(one_round(self.natter))
            if done():
                return
        raise RuntimeError("Prometheus has not seen enough")

    def _start_generator(self) -> subprocess.Popen[bytes]:
        command = [
            os.environ["NATTER_LOADTEST_BIN"], "rooms", "--url", self.natter.url, "--prefix", "fast:room-",
            "--channels", "50", "--subscribers-per-channel", "4", "--publishers", "4", "--rate", "400",
            "--warmup", "1", "--duration", "600", "--threads", "1",
        ]
        with (self.natter.folder / "loadtest-log").open("wb") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)


async def one_round(natter: Natter) -> None:
    """A few of everything; it takes about a second."""
    await asyncio.gather(visit(natter), refused_token(natter), asyncio.sleep(1))
    for channel in ("durable:board", "hall"):
        for _ in range(3):
            api(natter, "publish", {"channel": channel, "data": {"n": 1}})
    api(natter, "publish", {"channel": "nowhere:1", "data": {}})
    requests.post(f"{natter.api_url}/info", headers={"X-API-Key": "wrong"}, json={}, timeout=10)


def api(natter: Natter, method: str, body: dict) -> None:
    requests.post(f"{natter.api_url}/{method}", headers=KEY, json=body, timeout=10).raise_for_status()


async def visit(natter: Natter) -> None:
    """Comes back to a channel with presence and history, publishes, and asks for what it may not have."""
    async with websockets.connect(natter.url) as socket:
        commands = [
            {"connect": {"token": token({"sub": str(uuid.uuid4())})}},
            {"subscribe": {"channel": "hall", "recover": True, "offset": 0, "epoch": ""}},
            {"subscribe": {"channel": "small:corner", "recover": True, "offset": 1, "epoch": "gone"}},
            {"publish": {"channel": "durable:board", "data": {"n": 2}}},
            {"publish": {"channel": "hall", "data": {"n": 2}}},
            {"presence": {"channel": "hall"}},
            {"history": {"channel": "hall", "limit": 5}},
            {"publish": {"channel": "private:door", "data": {}}},
            {"subscribe": {"channel": "private:door"}},
        ]
        for number, command in enumerate(commands, start=1):
            await socket.send(json.dumps({"id": number, **command}))
            await answer(socket, number)


async def answer(socket: websockets.ClientConnection, number: int) -> None:
    """Reads until the reply to a command has come."""
    async for message in socket:
        if any(json.loads(line).get("id") == number for line in message.split("\n")):
            return


async def refused_token(natter: Natter) -> None:
    async with websockets.connect(natter.url) as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"token": token({"sub": "eve"}, "x" * 32)}}))
        await socket.wait_closed()
