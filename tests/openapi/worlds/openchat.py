"""Open Chat: a partner with a webhook, a room, and messages in it."""

from __future__ import annotations

from world import Caller, World, number


def world(base: str) -> World:
    name = f"partner_{number()}"
    registered = Caller(base, {})("POST", "/v2/auth/register", {"username": name, "email": f"{name}@example.com"})
    headers = {"Authorization": registered["data"]["access_token"]}
    call = Caller(base, headers)
    call("POST", "/v2/auth/webhook", {"webhook_url": "https://127.0.0.1:9/hook"})
    shop, user = "shop-1", "user-1"
    room = call("POST", "/v2/chats/rooms", {"shop_id": shop, "user_id": user})["data"]["_id"]
    sent = {"room_id": room, "sender_by": "user", "sender_id": user, "sender_name": "Ann", "message": "Hello", "type": "text"}
    message = call("POST", "/v2/chats/send", sent)["data"]["message_id"]
    fresh = f"partner_{number()}"
    return World(
        headers=headers,
        values={
            "room_id": room, "username": name, "shop_id": shop, "user_id": user, "type": "user", "id": user,
            "reply_id": message, "message_id": message,
        },
        bodies={
            "openchat_register": {"username": fresh, "email": f"{fresh}@example.com"},
            "openchat_set_webhook": {"webhook_url": "https://127.0.0.1:9/other"},
            "openchat_socket_token": {"by": "user", "id": user},
            "openchat_open_room": {"shop_id": shop, "user_id": "user-2"},
            "openchat_send": sent,
            "openchat_reply": sent | {"sender_by": "shop", "sender_id": shop},
            "openchat_broadcast": {"shop_id": shop, "message": "Hello all"},
            "openchat_upload": {"file": b"a text"},
            "openchat_mark_read": {"room_id": room, "type": "shop"},
            "openchat_all": {"event": "news", "data": {"text": "Hello"}},
            "openchat_user": {"socket_id": "none", "event": "news", "data": {"text": "Hello"}},
        },
        without_success={"openchat_user": "the partner has no socket"},
    )
