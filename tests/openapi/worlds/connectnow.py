"""Connect Now: an API user's company and chat, and a chat user in it who has written something."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from world import Caller, World, number

API_TOKEN = "ada-api-token"
OUTBOX = "NATTER_OPENAPI_OUTBOX"
"""Names the folder of the node's mails."""
ATTEMPTS = 300
PAUSE_SECONDS = 0.05


def code(address: str) -> str:
    """The code in the newest mail to an address."""
    for _ in range(ATTEMPTS):
        for file in sorted(Path(os.environ[OUTBOX]).glob("*.eml"), reverse=True):
            text = file.read_text()
            if f"To: {address}\n" in text:
                return re.search(r"^Subject: (\d{6}) ", text, re.MULTILINE)[1]
        time.sleep(PAUSE_SECONDS)
    raise RuntimeError(f"no mail to {address}")


def world(base: str) -> World:
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    call = Caller(base, headers)
    company = call("POST", "/api/companies", {"name": "Acme"})["data"]["id"]
    chat = call("POST", "/api/chats", {"company_id": company, "name": "Support"})["data"]["id"]
    address, other = (f"visitor-{number()}@example.com" for _ in range(2))
    user = call("POST", f"/api/chats/{chat}/users", {"email": address})["data"]["id"]
    entered = Caller(base, {})("POST", f"/chats/{chat}/users/get-token", {"email": address, "auth-code": code(address)})
    token = entered["data"]["chat_user_token"]
    visitor = Caller(base, {"Authorization": f"Bearer {token}"})
    message = visitor("POST", f"/api/chats/{chat}/messages", {"message": "Hello"})["data"]["id"]
    call("POST", f"/api/chats/{chat}/users", {"email": other})
    exchange = {"email": other, "auth-code": int(code(other))}
    ask = {"email": address, "name": "Visitor"}
    return World(
        headers=headers,
        values={
            "company_id": company, "chat_id": chat, "user_id": user, "message_id": message, "after": message,
            "chat_user_token": token,
        },
        bodies={
            "connectnow_create_company": {"name": "Globex", "website": None},
            "connectnow_edit_company": {"name": "Globex"},
            "connectnow_create_chat": {"company_id": company, "name": "Sales", "open": True},
            "connectnow_edit_chat": {"name": "Sales"},
            "connectnow_create_chat_user": {"email": f"visitor-{number()}@example.com", "name": "New"},
            "connectnow_edit_chat_user": {"name": "Renamed"},
            "connectnow_create_message": {"message": "Hello again", "chat_user_token": token},
            "connectnow_edit_message": {"message": "Corrected"},
            "connectnow_read": {"message_id": message, "chat_user_token": token},
            "connectnow_share": {},
            "connectnow_share_without_prefix": {"rotate": True},
            "connectnow_get_token": exchange,
            "connectnow_get_token_without_prefix": exchange,
            "connectnow_send_code": ask,
            "connectnow_send_code_without_prefix": ask,
        },
        without_success={"connectnow_chat_user": "the world shows an API token in its header"},
    )
