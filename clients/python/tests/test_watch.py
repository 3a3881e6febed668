"""Live streams: nothing is missed and nothing comes twice, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Any

import grpc
import pytest

import laurels
from fake import Fake, good, refusal, silence
from laurels import Award, Heartbeat, Reason, Revocation
from relay import Relay
from server import Server

Connect = Callable[..., Any]


def test_a_stream_tells_what_was_given_and_taken_back(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    watch = client.watch(users=[user], heartbeats=True)
    # The first message comes at once: from here on nothing is missed.
    assert next(watch).kind == Heartbeat(live=True)
    for liker in ("ben", "cat"):
        client.record("post.liked", liker, data={"author": user})
    last = client.record("post.unliked", "cat", data={"author": user})
    given, taken = (note for note in islice(watch, 2))
    assert isinstance(given.kind, Award)
    assert (given.user, given.kind.badge, given.time) == (user, "liked", given.kind.time)
    assert taken.kind == Revocation(given.kind, last.event_id)


def test_a_stream_goes_on_after_a_cursor(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    after = client.badges(user).cursor
    for post in "abcd":
        client.record("post.read", user, subject=post)
    first = client.watch(users=[user], after=after)
    assert [next(first).kind.key for _ in range(2)] == ["a", "b"]
    second = client.watch(users=[user], after=first.cursor)
    assert [next(second).kind.key for _ in range(2)] == ["c", "d"]
    everything = client.watch(users=[user], from_beginning=True)
    assert [next(everything).kind.key for _ in range(4)] == ["a", "b", "c", "d"]


def test_a_cut_connection_and_a_restarted_server_lose_nothing(
    connect: Connect, own_server: Server, relay: Relay, user: str
) -> None:
    watch = connect(relay.url).watch(from_beginning=True, heartbeats=True)
    next(watch)
    seen: list[str] = []

    def read(post: str) -> None:
        with laurels.Client(own_server.url) as recorder:
            recorder.record("post.read", user, subject=post)

    def see(count: int) -> None:
        while len(seen) < count:
            notification = next(watch)
            if isinstance(notification.kind, Award):
                seen.append(notification.kind.key)

    read("before")
    see(1)
    relay.cut()
    read("while cut")
    see(2)
    own_server.stop(signal.SIGKILL)
    own_server.start()
    relay.to = own_server.address
    read("after a restart")
    see(3)
    assert seen == ["before", "while cut", "after a restart"]
    assert relay.connections >= 3


def test_what_is_handed_over_before_a_cut_does_not_come_again(
    connect: Connect, own_server: Server, relay: Relay, user: str
) -> None:
    with laurels.Client(own_server.url) as recorder:
        events = (laurels.Event("post.read", user, subject=str(n)) for n in range(500))
        assert all(answer.recorded for answer in recorder.record_all(events))
    watch = connect(relay.url).watch(from_beginning=True)
    keys = []
    for notification in islice(watch, 500):
        keys.append(notification.kind.key)
        if len(keys) % 100 == 0:
            relay.cut()
    assert keys == [str(n) for n in range(500)]


def test_a_server_that_falls_silent_counts_as_lost(connect: Connect) -> None:
    with Fake(silence, silence) as fake:
        # Three heartbeats may be missed: the second stream begins after the first one's cursor.
        options = {"heartbeats": True, "heartbeat_interval": timedelta(milliseconds=50)}
        watch = connect(fake.url).watch(**options)
        assert [next(watch).cursor, next(watch).cursor] == ["c1", "c2"]
        assert [request.after for request in fake.heard] == ["", "c1"]
        watch.__exit__(None, None, None)


def test_a_stream_that_the_server_ends_is_opened_again(connect: Connect) -> None:
    with Fake(good, good, silence) as fake:
        with connect(fake.url).watch(heartbeats=True, from_beginning=True) as watch:
            assert [next(watch).cursor for _ in range(3)] == ["c1", "c2", "c3"]
        assert [(request.after, request.from_beginning) for request in fake.heard] == [
            ("", True),
            ("c1", False),
            ("c2", False),
        ]


def test_a_refusal_on_the_way_is_raised_and_the_stream_can_be_pulled_on(connect: Connect) -> None:
    expired = refusal("ERROR_REASON_CURSOR_EXPIRED", grpc.StatusCode.OUT_OF_RANGE)
    with Fake(expired, silence) as fake, connect(fake.url).watch(heartbeats=True) as watch:
        assert next(watch).cursor == "c1"
        with pytest.raises(laurels.CursorRefused) as refused:
            next(watch)
        assert (refused.value.reason, refused.value.oldest_cursor) == (Reason.CURSOR_EXPIRED, "c0")
        assert next(watch).cursor == "c2"


def test_patience_has_an_end(connect: Connect, own_server: Server, relay: Relay) -> None:
    watch = connect(relay.url).watch(heartbeats=True, patience=timedelta(milliseconds=400))
    next(watch)
    relay.close()
    with pytest.raises(laurels.Unavailable) as unavailable:
        next(watch)
    assert unavailable.value.retryable


def test_the_first_attempt_fails_aloud(connect: Connect, server: Server) -> None:
    with pytest.raises(laurels.Unavailable):
        next(connect("http://127.0.0.1:1").watch())
    with pytest.raises(laurels.CursorRefused) as refused:
        next(connect(server.url).watch(after="no cursor"))
    assert refused.value.reason is Reason.CURSOR_INVALID


def test_closing_ends_an_iteration_that_waits_in_another_thread(server: Server) -> None:
    with laurels.Client(server.url) as client, client.watch(heartbeats=True) as watch:
        next(watch)
        waiting = threading.Thread(target=lambda: list(watch))
        waiting.start()
        watch.close()
        waiting.join(60)
        assert not waiting.is_alive()
        assert list(watch) == []


def test_a_wait_that_is_cancelled_loses_nothing(server: Server, user: str) -> None:
    async def watch_with_short_waits() -> list[str]:
        keys: list[str] = []
        async with (
            laurels.AsyncClient(server.url) as client,
            client.watch(users=[user], from_beginning=True) as watch,
        ):
            for post in "abc":
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(watch.__anext__(), 0.05)
                await client.record("post.read", user, subject=post)
                notification = await watch.__anext__()
                assert isinstance(notification.kind, Award)
                keys.append(notification.kind.key)
        return keys

    assert asyncio.run(watch_with_short_waits()) == ["a", "b", "c"]


def test_many_calls_and_a_stream_share_one_event_loop(server: Server, user: str) -> None:
    async def record_and_watch() -> set[str]:
        async with (
            laurels.AsyncClient(server.url) as client,
            client.watch(users=[user], from_beginning=True) as watch,
        ):
            await asyncio.gather(*(client.record("post.read", user, subject=str(n)) for n in range(100)))
            keys = set()
            async for notification in watch:
                assert isinstance(notification.kind, Award)
                keys.add(notification.kind.key)
                if len(keys) == 100:
                    return keys
        raise AssertionError("a watch does not end")

    assert asyncio.run(record_and_watch()) == {str(n) for n in range(100)}
