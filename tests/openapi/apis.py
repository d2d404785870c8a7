"""The documents that are tested: every REST plugin of the program is one line here, and a module of `worlds`."""

from __future__ import annotations

from world import WorldOf
from worlds import campus, chatify, chatsdk, connectnow, openchat

APIS: dict[str, WorldOf] = {
    "campus": campus.world,
    "chatify": chatify.world,
    "chatsdk": chatsdk.world,
    "connectnow": connectnow.world,
    "openchat": openchat.world,
}
