"""Chatify: Ada and Bob, who have signed in, their conversation, and a message of Ada in it."""

from __future__ import annotations

from world import Caller, World, number

PASSWORD = "correct horse"


def world(base: str) -> World:
    anybody = Caller(base, {})

    def registered(name: str) -> dict:
        email = f"{name}-{number()}@example.com"
        return anybody("POST", "/api/v1/auth/register", {"name": name, "email": email, "password": PASSWORD})["data"]

    ada, bob, cid = (registered(name) for name in ("ada", "bob", "cid"))
    headers = {"Authorization": f"Bearer {ada['token']}"}
    call = Caller(base, headers)
    conversation = call("POST", "/api/v1/conversation", {"receiver_id": bob["user"]["_id"]})["data"]["conversation"]["_id"]
    sent = {"convo_id": conversation, "message": "Hello!"}
    message = call("POST", "/api/v1/message", sent)["data"]["message"]["_id"]
    email = ada["user"]["email"]
    return World(
        headers=headers,
        values={
            "conversationId": conversation, "convo_id": conversation, "receiver_id": cid["user"]["_id"], "keyword": "bob",
            "chatify_edit_message.conversationId": message, "chatify_delete_message.conversationId": message,
            "chatify_list_conversations.before": conversation, "before": message, "email": email, "password": PASSWORD,
        },
        bodies={
            "chatify_register": {"name": "Dan", "email": f"dan-{number()}@example.com", "password": PASSWORD},
            "chatify_login": {"email": email, "password": PASSWORD},
            "chatify_refresh_token": {"refreshToken": ada["refreshToken"]},
            "chatify_change_password": {"old": PASSWORD, "new": "battery staple"},
            "chatify_forgot_password": {"email": email},
            "chatify_reset_password": {"token": "0" * 88, "password": PASSWORD},
            "chatify_open_conversation": {"receiver_id": cid["user"]["_id"]},
            "chatify_send_message": sent,
            "chatify_edit_message": {"message": "Hello, Bob!"},
        },
        without_success={"chatify_reset_password": "the token that it needs is in a mail"},
    )
