from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

# Before gRPC is imported: Python 3.9 starts a program by a fork, in which gRPC's own handling of forks aborts.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

import laurels
from both import Asyncio
from relay import Relay
from server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests of a file: each takes users of its own."""
    started = Server(tmp_path_factory.mktemp("server") / "data")
    yield started
    started.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """One for a test that stops it."""
    started = Server(tmp_path / "data")
    yield started
    started.stop()


@pytest.fixture
def relay(own_server: Server) -> Iterator[Relay]:
    between = Relay(own_server.address)
    yield between
    between.close()


@pytest.fixture(params=["blocking", "asyncio"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes a client, of either kind: every test that asks for this runs twice."""
    kind = laurels.Client if request.param == "blocking" else Asyncio
    with ExitStack() as open_clients:
        yield lambda *arguments, **options: open_clients.enter_context(kind(*arguments, **options))


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A user whom no other test has."""
    return str(request.node.name)
