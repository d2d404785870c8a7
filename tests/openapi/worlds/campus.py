"""The campus communities: Ada with a group of an event, a request to join it, a message, and a connection with Bob."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets

from world import Caller, World, number

KEY = {"X-API-Key": "demo-api-key"}
SECRET = b"demo-secret-demo-secret-demo-secret"


def token(user: str) -> str:
    """A token as the tenant's backend signs it."""
    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    body = f"{part(json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{part(json.dumps({'sub': user}).encode())}"
    return f"{body}.{part(hmac.digest(SECRET, body.encode(), hashlib.sha256))}"


def new_id() -> str:
    return secrets.token_hex(12)


def group(name: str, *participants: str) -> dict[str, object]:
    return {"isGroup": True, "name": name, "category": "Party", "participants": participants, "restricted": True}


def world(base: str) -> World:
    ada, bob, carol, meet = (new_id() for _ in range(4))
    app = Caller(base, KEY)
    users = [{"_id": user, "name": f"User {number()}", "following": [ada, bob, carol]} for user in (ada, bob, carol)]
    app("PUT", "/chats-sync", {"users": users, "meetMe": [{"_id": meet, "users": [ada, bob], "status": "accepted"}]})
    headers = {"Authorization": f"Bearer {token(ada)}"}
    call = Caller(base, headers)
    chat = call("POST", "/chats", group("Pool Party", bob))["chat"]
    path = f"/chats/{chat['_id']}"
    app("PUT", "/chats-sync", {"events": [{"_id": new_id(), "chat": chat["_id"], "active": True}]})
    message = call("POST", f"{path}/messages", {"text": "Hello"})["message"]["_id"]
    # The call is refused and leaves the request.
    try:
        Caller(base, {"Authorization": f"Bearer {token(carol)}"})("POST", f"{path}/participants", {})
    except RuntimeError:
        pass
    request = call("GET", f"{path}/requests")["requests"][0]["_id"]
    participant = next(each for each in chat["participants"] if each["user"] == bob)["_id"]
    # A group of Bob's, which Ada can join.
    bobs = Caller(base, {"Authorization": f"Bearer {token(bob)}"})
    other = bobs("POST", "/chats", group("Open", carol) | {"restricted": False})["chat"]["_id"]
    return World(
        headers=headers | KEY,
        values={
            "id": chat["_id"], "campus_join.id": other, "participantId": participant, "campus_set_status.participantId": carol,
            "requestId": request, "before": message, "after": message, "search": "pool", "category": "Party",
        },
        bodies={
            "campus_sync": {"users": [{"_id": bob, "name": "Robert"}]},
            "campus_create_chat": {"user": bob, "meetMe": meet},
            "campus_update_chat": {"name": "Party", "restricted": "false"},
            "campus_send_message": {"text": "Hello again"},
            "campus_join": {},
            "campus_add_participants": {"participants": [carol]},
            "campus_set_status": {"status": "accepted"},
            "campus_answer_request": {"status": "rejected"},
            "campus_remove_participant": {},
            "campus_delete_chat": {},
        },
        without_success={"campus_withdraw_request": "only its user takes a request back"},
    )
