"""Browser tokens: with one, a browser reads one user's badges and listens to that user's notifications.

It can do nothing else. Nothing is asked of the server to make one: the signing key is known to both.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

LIFE = timedelta(minutes=10)
"""How long a token lives where nobody says otherwise."""
LIFE_MAX = timedelta(hours=1)
"""How long the server lets a token live at most."""
SECRET_MIN_BYTES = 32
"""Shortest secret that the server takes."""


class BrowserTokens:
    """Mints tokens with a signing key that the server knows by its id."""

    def __init__(self, key_id: str, secret: str) -> None:
        """Takes the signing key apart from any API key: it is never sent to anybody."""
        if len(secret.encode()) < SECRET_MIN_BYTES:
            raise ValueError(f"the secret of a signing key has at least {SECRET_MIN_BYTES} bytes; is it whole?")
        self._header = _part({"alg": "HS256", "typ": "JWT", "kid": key_id})
        self._secret = secret.encode()

    def mint(self, user: str, life: timedelta = LIFE) -> str:
        """A token for one user's browser. A page that stays open for longer asks the site for another."""
        if not timedelta(seconds=1) <= life <= LIFE_MAX:
            raise ValueError(f"a token lives for at least a second and at most {LIFE_MAX}")
        now = int(time.time())
        claims = {"sub": user, "aud": "laurels", "iat": now, "exp": now + int(life.total_seconds())}
        signed = f"{self._header}.{_part(claims)}"
        return f"{signed}.{_text(hmac.new(self._secret, signed.encode(), hashlib.sha256).digest())}"


def _part(content: dict[str, Any]) -> str:
    return _text(json.dumps(content, separators=(",", ":")).encode())


def _text(octets: bytes) -> str:
    """Base64 as RFC 7515 has it."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
