"""TLS: with one's own CA, with a certificate of one's own, and not with anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

import laurels
from authority import Authority
from fake import Fake, good

Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


def test_a_ca_of_ones_own_is_trusted_as_a_path_or_as_bytes(connect: Connect, authority: Authority) -> None:
    with Fake(good, good, tls=grpc.ssl_server_credentials([authority.sign("localhost")])) as fake:
        ca = authority.home / "ca.pem"
        assert connect(fake.url, ca=ca).record("post.created", "ana").event_id
        assert connect(fake.url, ca=ca.read_bytes()).record("post.created", "ana").event_id


def test_nobody_elses_certificate_is_taken(connect: Connect, authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")
    with Fake(good, tls=grpc.ssl_server_credentials([stranger.sign("localhost")])) as fake:
        for ca in (authority.home / "ca.pem", None):
            with pytest.raises(laurels.Unavailable):
                connect(fake.url, ca=ca).record("post.created", "ana")
        assert fake.heard == []


def test_a_certificate_of_ones_own_is_shown_where_it_is_asked_for(connect: Connect, authority: Authority) -> None:
    ca = (authority.home / "ca.pem").read_bytes()
    asks = grpc.ssl_server_credentials([authority.sign("localhost")], ca, require_client_auth=True)
    private_key, certificate = authority.sign("site")
    with Fake(good, tls=asks) as fake:
        assert connect(fake.url, ca=ca, certificate=certificate, private_key=private_key).record(
            "post.created", "ana"
        )
        with pytest.raises(laurels.Unavailable):
            connect(fake.url, ca=ca).record("post.created", "ana")
        assert len(fake.heard) == 1
