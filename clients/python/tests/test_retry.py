"""What is sent again, what is not, and for how long a call may take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest

import laurels
from fake import Fake, good, refusal, silence
from laurels import Reason

Connect = Callable[..., Any]
busy = refusal("ERROR_REASON_OVERLOADED", grpc.StatusCode.RESOURCE_EXHAUSTED, timedelta(milliseconds=1))
later = refusal("ERROR_REASON_OVERLOADED", grpc.StatusCode.RESOURCE_EXHAUSTED, timedelta(hours=1))
reused = refusal("ERROR_REASON_EVENT_ID_REUSED", grpc.StatusCode.ALREADY_EXISTS)
of_tomorrow = refusal("ERROR_REASON_OF_TOMORROW", grpc.StatusCode.UNAVAILABLE)


def test_what_may_pass_is_sent_once_more_under_the_same_id(connect: Connect) -> None:
    with Fake(busy, good, busy, busy) as fake:
        client = connect(fake.url)
        assert client.record("post.created", "ana").event_id == fake.heard[0].id != ""
        assert fake.heard[1] == fake.heard[0]

        with pytest.raises(laurels.Unavailable) as unavailable:
            client.record("post.created", "ana")
        assert unavailable.value.reason is Reason.OVERLOADED
        assert unavailable.value.retry_after == timedelta(milliseconds=1)
        assert len(fake.heard) == 4


def test_what_will_not_pass_is_not_sent_again(connect: Connect) -> None:
    with Fake(reused) as fake:
        with pytest.raises(laurels.Refused) as refused:
            connect(fake.url).record("post.created", "ana", id="7")
        assert refused.value.reason is Reason.EVENT_ID_REUSED
        assert [event.id for event in fake.heard] == ["7"]


def test_a_server_that_wants_more_time_than_the_caller_has_is_left_alone(connect: Connect) -> None:
    with Fake(later) as fake:
        with pytest.raises(laurels.Unavailable) as unavailable:
            connect(fake.url).record("post.created", "ana")
        assert unavailable.value.retry_after == timedelta(hours=1)
        assert len(fake.heard) == 1


def test_a_reason_of_a_newer_server_leaves_the_code_to_go_by(connect: Connect) -> None:
    with Fake(of_tomorrow, good) as fake:
        connect(fake.url).record("post.created", "ana")
        assert len(fake.heard) == 2


def test_an_answer_that_does_not_come_ends_with_the_time(connect: Connect) -> None:
    with Fake(silence, silence) as fake:
        with pytest.raises(laurels.Unavailable) as unavailable:
            connect(fake.url).record("post.created", "ana", timeout=0.3)
        assert unavailable.value.retryable
        with pytest.raises(laurels.Unavailable):
            connect(fake.url, timeout=0.3).record("post.created", "ana")
        # The whole time went into one attempt each: there was none left for a second.
        assert len(fake.heard) == 2


def test_the_key_goes_with_every_call_and_is_shown_nowhere(connect: Connect) -> None:
    with Fake(good, good, good) as fake:
        client = connect(fake.url, key="lk_secret")
        client.record("post.created", "ana")
        next(client.watch(heartbeats=True))
        assert [metadata["authorization"] for metadata in fake.metadata] == ["Bearer lk_secret"] * 2
        assert "secret" not in repr(client)

        connect(fake.url).record("post.created", "ana")
        assert "authorization" not in fake.metadata[-1]
