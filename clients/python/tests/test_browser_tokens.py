"""Tokens as the server reads them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import pytest

from laurels import BrowserTokens

SECRET = "0123456789abcdef" * 4


def _read(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_token_names_its_key_its_user_and_its_end() -> None:
    before = int(time.time())
    token = BrowserTokens("site-1", SECRET).mint("Ünal/☕", timedelta(minutes=5))
    header, claims, signature = token.split(".")
    assert _read(header) == {"alg": "HS256", "typ": "JWT", "kid": "site-1"}
    read = _read(claims)
    assert (read["sub"], read["aud"]) == ("Ünal/☕", "laurels")
    assert read["exp"] - read["iat"] == 300
    assert before <= read["iat"] <= time.time()
    assert not set("+/=") & set(token)
    signed = hmac.new(SECRET.encode(), f"{header}.{claims}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == signed


def test_what_the_server_would_refuse_is_not_minted() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        BrowserTokens("site-1", "short")
    tokens = BrowserTokens("site-1", SECRET)
    for life in (timedelta(0), timedelta(hours=2)):
        with pytest.raises(ValueError, match="at most 1:00:00"):
            tokens.mint("ana", life)


def test_the_secret_is_shown_nowhere() -> None:
    assert SECRET not in repr(BrowserTokens("site-1", SECRET))
