"""User tokens as a tenant's backend signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

DEMO_SECRET = "demo-secret-demo-secret-demo-secret"


def _part(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def token(claims: dict, secret: str = DEMO_SECRET) -> str:
    """A JWT, HS256."""
    body = b".".join(_part(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return (body + b"." + _part(signature)).decode()


def in_seconds(seconds: int) -> int:
    """Unix time, some seconds from now."""
    return int(time.time()) + seconds
