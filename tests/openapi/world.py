"""What a document's operations are called with: a caller, and things that are really there."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

_numbers = itertools.count(1)


@dataclass
class World:
    """Made anew for each operation, so that one which deletes something takes nothing away from the next."""

    headers: dict[str, str]
    """Show who is calling."""
    values: dict[str, Any] = field(default_factory=dict)
    """Stand for parameters and for members of bodies, by their names; `operationId.name` is for one operation only."""
    bodies: dict[str, Any] = field(default_factory=dict)
    """Whole bodies by operation, where no generated one could be sound."""
    without_success: dict[str, str] = field(default_factory=dict)
    """Operations that cannot succeed in this world, and why. One that does is a failure, so that the list stays true."""

    def value(self, operation: str, name: str) -> tuple[bool, Any]:
        """Whether there is a value for a name, and the value."""
        for key in (f"{operation}.{name}", name):
            if key in self.values:
                return True, self.values[key]
        return False, None


def number() -> int:
    """A number that has not been before, for names."""
    return next(_numbers)


class Caller:
    """Calls the API to make a world, and does not take no for an answer."""

    def __init__(self, base: str, headers: dict[str, str]) -> None:
        self.base, self.headers = base, headers

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, self.base + path, headers=self.headers, json=body, timeout=10)
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()


WorldOf = Callable[[str], World]
"""Makes a world on the node at a base URL."""
