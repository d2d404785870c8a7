"""ChatSDK: an app's key, Alice's token, a group with Bob, and what they have in it."""

from __future__ import annotations

from world import Caller, World, number

KEY = {"X-API-Key": "demo-api-key"}


def world(base: str) -> World:
    app = Caller(base, KEY)
    alice, bob, carol = (f"{name}-{number()}" for name in ("alice", "bob", "carol"))
    for user in (bob, carol):
        app("PUT", f"/api/users/{user}", {"name": user})
    token = app("POST", "/tokens", {"userId": alice, "name": "Alice"})["token"]
    headers = KEY | {"Authorization": f"Bearer {token}"}
    call = Caller(base, headers)
    channel = call("POST", "/api/channels", {"name": "Group", "type": "group", "memberIds": [bob]})["id"]
    message = call("POST", f"/api/channels/{channel}/messages", {"text": f"Hello @{bob}"})["id"]
    call("POST", f"/api/channels/{channel}/messages/{message}/reactions", {"emoji": "👍"})
    device = call("POST", "/api/devices", {"platform": "ios", "provider": "apns", "token": f"token-{number()}"})["id"]
    workspace = call("POST", "/api/workspaces", {"name": "Workspace", "type": "team"})["id"]
    invite = call("POST", f"/api/workspaces/{workspace}/invite", {"maxUses": 10})["token"]
    group = {"name": "Another", "type": "group", "memberIds": [bob]}
    return World(
        headers=headers,
        values={
            "channelId": channel, "messageId": message, "messageIds": [message], "userId": bob, "userIds": [bob, carol],
            "memberIds": [bob], "deviceId": device, "emoji": "👍", "workspaceId": workspace, "token": invite, "q": "Hello",
            "chatsdk_list_users.q": "bob",
        },
        bodies={
            "chatsdk_create_channel": group,
            "chatsdk_send_message": {"text": "Hello again"},
            "chatsdk_save_user": {"name": "Robert"},
            "chatsdk_sync_users": {"users": [{"id": bob, "name": "Bob"}]},
            "chatsdk_register_device": {"platform": "android", "provider": "fcm", "token": f"token-{number()}"},
            "chatsdk_change_preferences": {"quietHoursStart": "22:00", "timezone": "Europe/Berlin"},
            "chatsdk_create_workspace": {"name": "Team", "type": "team"},
            "chatsdk_create_invite": {"maxUses": 2, "expiresInDays": 1, "role": "member"},
            "chatsdk_make_tokens": {"userId": alice},
            "chatsdk_set_webhook": {"url": "https://127.0.0.1:9/hook"},
            "chatsdk_upload_file": {"file": b"a text"},
        },
    )
