"""A live natter with load, and a Prometheus that has watched it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from load import LoadedNode
from prometheus import Prometheus


@pytest.fixture(scope="session")
def prometheus() -> Iterator[Prometheus]:
    with LoadedNode() as node, Prometheus(node.natter.internal_port) as watcher:
        node.work_until(watcher.has_seen_enough)
        yield watcher
