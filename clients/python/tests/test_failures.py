"""Every failure there is has its exception."""

from __future__ import annotations

import pickle
import re

import grpc
import pytest

import laurels
from laurels.failures import BY_CODE, BY_REASON, of_event
from laurels.v1 import achievements_pb2, errors_pb2
from server import ROOT


def test_every_reason_of_the_protocol_is_known_and_passes_or_not_as_its_brackets_say() -> None:
    text = (ROOT / "proto/laurels/v1/errors.proto").read_text()
    said = re.findall(r"\[([A-Z_]+),\s+(?://\s+)?(yes|no)\]\s+(ERROR_REASON_\w+) = ", text)
    reasons = {value.value: value.retryable for value in laurels.Reason}
    assert reasons == {name: again == "yes" for _, again, name in said}
    assert set(reasons) == set(errors_pb2.ErrorReason.keys()) - {"ERROR_REASON_UNSPECIFIED"}
    assert set(BY_REASON) == set(laurels.Reason)


def test_every_code_of_grpc_has_its_exception() -> None:
    assert set(BY_CODE) == set(grpc.StatusCode) - {grpc.StatusCode.OK}


def test_only_what_may_pass_is_unavailable_or_a_fault() -> None:
    for reason, kind in BY_REASON.items():
        assert issubclass(kind, (laurels.Unavailable, laurels.ServerFault)) == reason.retryable


def test_an_event_of_a_stream_fails_with_the_same_facts() -> None:
    failed = achievements_pb2.EventError(
        reason=errors_pb2.ERROR_REASON_OVERLOADED, field="event.time", message="too much is waiting"
    )
    failed.retry_delay.seconds = 1
    error = of_event(failed)
    assert isinstance(error, laurels.Unavailable)
    assert error.retryable
    assert error.retry_after is not None
    assert error.retry_after.total_seconds() == 1
    assert error.fields == (laurels.FieldProblem("event.time", "too much is waiting"),)


@pytest.mark.parametrize("reason", [0, 10_000])
def test_an_event_that_fails_for_no_reason_we_know_is_not_sent_again(reason: int) -> None:
    failed = achievements_pb2.EventError(message="of a newer server")
    failed.MergeFromString(bytes([0x08]) + _varint(reason))
    error = of_event(failed)
    assert (type(error), error.reason, error.retryable) == (laurels.ServerFault, None, False)


def test_an_exception_can_be_sent_to_another_process() -> None:
    error = laurels.CursorRefused("no", reason=laurels.Reason.CURSOR_FOREIGN)
    error.oldest_cursor = "c0"
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.reason, copy.oldest_cursor) == (
        laurels.CursorRefused,
        "no",
        laurels.Reason.CURSOR_FOREIGN,
        "c0",
    )


def _varint(number: int) -> bytes:
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
