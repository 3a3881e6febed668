"""Statuses of gRPC, read as the exceptions of :mod:`laurels.errors`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Optional, Protocol

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from laurels.errors import (
    AccessDenied,
    BadgeNotFound,
    CursorRefused,
    FieldProblem,
    LaurelsError,
    Reason,
    Refused,
    ServerFault,
    Unavailable,
)
from laurels.v1 import achievements_pb2, errors_pb2

DETAILS = "grpc-status-details-bin"
"""The metadata in which a status has its details."""

BY_REASON: dict[Reason, type[LaurelsError]] = {
    Reason.INVALID_FIELD: Refused,
    Reason.EVENT_TIME_IN_FUTURE: Refused,
    Reason.EVENT_ID_REUSED: Refused,
    Reason.MESSAGE_TOO_LARGE: Refused,
    Reason.BADGE_NOT_FOUND: BadgeNotFound,
    Reason.CURSOR_INVALID: CursorRefused,
    Reason.CURSOR_FOREIGN: CursorRefused,
    Reason.CURSOR_EXPIRED: CursorRefused,
    Reason.PAGE_TOKEN_INVALID: Refused,
    Reason.OVERLOADED: Unavailable,
    Reason.BADGES_INVALID: Refused,
    Reason.STORE_READ_ONLY: Unavailable,
    Reason.SHUTTING_DOWN: Unavailable,
    Reason.CREDENTIALS_MISSING: AccessDenied,
    Reason.CREDENTIALS_INVALID: AccessDenied,
    Reason.CREDENTIALS_EXPIRED: AccessDenied,
    Reason.CREDENTIALS_REVOKED: AccessDenied,
    Reason.PERMISSION_DENIED: AccessDenied,
    Reason.RATE_LIMITED: Unavailable,
    Reason.INTERNAL: ServerFault,
}

# A status without a reason comes from the connection, from a proxy before the server, or from a newer server.
BY_CODE: dict[grpc.StatusCode, tuple[type[LaurelsError], bool]] = {
    grpc.StatusCode.CANCELLED: (Unavailable, True),
    grpc.StatusCode.UNKNOWN: (ServerFault, True),
    grpc.StatusCode.INVALID_ARGUMENT: (Refused, False),
    grpc.StatusCode.DEADLINE_EXCEEDED: (Unavailable, True),
    grpc.StatusCode.NOT_FOUND: (Refused, False),
    grpc.StatusCode.ALREADY_EXISTS: (Refused, False),
    grpc.StatusCode.PERMISSION_DENIED: (AccessDenied, False),
    grpc.StatusCode.UNAUTHENTICATED: (AccessDenied, False),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (Unavailable, False),
    grpc.StatusCode.FAILED_PRECONDITION: (Refused, False),
    grpc.StatusCode.ABORTED: (Unavailable, True),
    grpc.StatusCode.OUT_OF_RANGE: (Refused, False),
    grpc.StatusCode.UNIMPLEMENTED: (ServerFault, False),
    grpc.StatusCode.INTERNAL: (ServerFault, True),
    grpc.StatusCode.UNAVAILABLE: (Unavailable, True),
    grpc.StatusCode.DATA_LOSS: (ServerFault, False),
}


class Failure(Protocol):
    """What the exceptions of gRPC have in common, blocking and asyncio."""

    def code(self) -> grpc.StatusCode:
        """Which kind of failure it is."""

    def details(self) -> Optional[str]:
        """What is wrong, as text."""

    def trailing_metadata(self) -> Any:
        """What else the server says of it, as pairs."""


def of_status(failure: Any) -> LaurelsError:
    """The exception for a call that failed with a ``grpc.RpcError``."""
    status: Failure = failure
    code, message = status.code(), status.details() or ""
    details = status_pb2.Status.FromString(_details(status.trailing_metadata() or ()))
    info, retry, bad = (
        _unpacked(details, kind)
        for kind in (error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo, error_details_pb2.BadRequest)
    )
    reason = _reason(info.reason) if info else None
    if reason:
        kind, retryable = BY_REASON[reason], reason.retryable
    else:
        kind, retryable = BY_CODE.get(code, (ServerFault, False))
    if not info and kind is Unavailable:
        message = f"no connection to the server: {message}"
    error = kind(
        message or f"the server answered {code.name}",
        reason=reason,
        retryable=retryable,
        retry_after=_delay(retry.retry_delay) if retry else None,
        fields=[FieldProblem(wrong.field, wrong.description) for wrong in bad.field_violations] if bad else (),
    )
    if isinstance(error, CursorRefused) and info:
        error.oldest_cursor = info.metadata.get("oldest")
    return error


def of_event(failed: achievements_pb2.EventError) -> LaurelsError:
    """The exception for one event of a stream."""
    reason = _reason(errors_pb2.ErrorReason.Name(failed.reason)) if failed.reason in _KNOWN else None
    kind = BY_REASON[reason] if reason else ServerFault
    return kind(
        failed.message,
        reason=reason,
        retryable=reason.retryable if reason else False,
        retry_after=_delay(failed.retry_delay) if failed.HasField("retry_delay") else None,
        fields=[FieldProblem(failed.field, failed.message)] if failed.field else (),
    )


def lost(how: str) -> Unavailable:
    """The connection ended, or went silent, without a word from the server."""
    return Unavailable(f"no connection to the server: {how}", retryable=True)


_KNOWN = frozenset(errors_pb2.ErrorReason.values())


def _reason(name: str) -> Optional[Reason]:
    try:
        return Reason(name)
    except ValueError:
        # Of a newer server; the code is all there is to go by.
        return None


def _details(metadata: Iterable[tuple[str, Any]]) -> bytes:
    return next((value for key, value in metadata if key == DETAILS), b"")


def _unpacked(status: Any, kind: Any) -> Any:
    """The detail of this kind, or None."""
    for detail in status.details:
        if detail.Is(kind.DESCRIPTOR):
            message = kind()
            detail.Unpack(message)
            return message
    return None


def _delay(duration: Duration) -> timedelta:
    return timedelta(seconds=duration.seconds, microseconds=duration.nanos // 1000)
