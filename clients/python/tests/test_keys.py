"""Keys, tokens and TLS, as the real server has them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import laurels
from authority import Authority
from server import BADGES, PROGRAM, Server

Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "data"


def create(data: Path, *arguments: str) -> str:
    """What ``laurels key create`` prints."""
    command = [PROGRAM, "key", "--data", str(data), "create", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def key(data: Path) -> str:
    """A key to record and read with."""
    return create(data, "--scope", "record", "--scope", "read").strip()


@pytest.fixture(scope="module")
def tokens(data: Path) -> laurels.BrowserTokens:
    """Signed with a key of the server's."""
    lines = dict(line.split() for line in create(data, "--signing").splitlines() if len(line.split()) == 2)
    return laurels.BrowserTokens(lines["kid"], lines["secret"])


@pytest.fixture(scope="module")
def closed(data: Path, key: str, tokens: laurels.BrowserTokens) -> Iterator[Server]:
    """A server whose keys were made before it started."""
    started = Server(data)
    yield started
    started.stop()


def test_a_key_opens_what_its_scopes_say(connect: Connect, closed: Server, key: str, user: str) -> None:
    client = connect(closed.url, key=key)
    assert client.record("post.created", user).event_id
    assert client.badges(user).awards
    with pytest.raises(laurels.AccessDenied) as refused, client.watch(users=[user]) as watch:
        next(watch)
    assert refused.value.reason is laurels.Reason.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (None, laurels.Reason.CREDENTIALS_MISSING),
        ("lk_nobody_00000000000000000000000000000000", laurels.Reason.CREDENTIALS_INVALID),
    ],
)
def test_without_a_good_key_nothing_opens(
    connect: Connect, closed: Server, wrong: str, reason: laurels.Reason
) -> None:
    with pytest.raises(laurels.AccessDenied) as refused:
        connect(closed.url, key=wrong).record("post.created", "ana")
    assert (refused.value.reason, refused.value.retryable) == (reason, False)


def test_a_token_is_good_for_its_own_user(
    connect: Connect, closed: Server, tokens: laurels.BrowserTokens, user: str
) -> None:
    browser = connect(closed.url, key=tokens.mint(user))
    assert not browser.badges(user).awards
    with pytest.raises(laurels.AccessDenied):
        browser.badges("somebody-else")
    with pytest.raises(laurels.AccessDenied):
        browser.record("post.created", user)


def test_the_servers_tls_is_spoken(connect: Connect, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    authority.sign("localhost")
    files = [str(authority.home / f"localhost.{kind}") for kind in ("pem", "key")]
    server = Server(tmp_path / "data", BADGES, "--tls-cert", files[0], "--tls-key", files[1])
    try:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        assert connect(url, ca=authority.home / "ca.pem").record("post.created", "ana").event_id
    finally:
        server.stop()
