"""What can go wrong, shaped by what the caller can do about it.

::

    LaurelsError
    ├── Refused            sent again as it is, it is refused again
    │   ├── AccessDenied   the key is missing, wrong, or not enough
    │   ├── BadgeNotFound  the catalog has no such badge
    │   └── CursorRefused  the stream cannot go on from there; ``oldest_cursor`` says from where it can
    ├── Unavailable        not reached, not answered in time, or asked to come back later
    └── ServerFault        a fault of the server's own, or it is older than this client
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Optional


class Reason(str, Enum):
    """Which of the server's reasons it is. The names are those of ``errors.proto``, and never change."""

    INVALID_FIELD = "ERROR_REASON_INVALID_FIELD"
    EVENT_TIME_IN_FUTURE = "ERROR_REASON_EVENT_TIME_IN_FUTURE"
    EVENT_ID_REUSED = "ERROR_REASON_EVENT_ID_REUSED"
    MESSAGE_TOO_LARGE = "ERROR_REASON_MESSAGE_TOO_LARGE"
    BADGE_NOT_FOUND = "ERROR_REASON_BADGE_NOT_FOUND"
    CURSOR_INVALID = "ERROR_REASON_CURSOR_INVALID"
    CURSOR_FOREIGN = "ERROR_REASON_CURSOR_FOREIGN"
    CURSOR_EXPIRED = "ERROR_REASON_CURSOR_EXPIRED"
    PAGE_TOKEN_INVALID = "ERROR_REASON_PAGE_TOKEN_INVALID"
    OVERLOADED = "ERROR_REASON_OVERLOADED"
    BADGES_INVALID = "ERROR_REASON_BADGES_INVALID"
    STORE_READ_ONLY = "ERROR_REASON_STORE_READ_ONLY"
    SHUTTING_DOWN = "ERROR_REASON_SHUTTING_DOWN"
    CREDENTIALS_MISSING = "ERROR_REASON_CREDENTIALS_MISSING"
    CREDENTIALS_INVALID = "ERROR_REASON_CREDENTIALS_INVALID"
    CREDENTIALS_EXPIRED = "ERROR_REASON_CREDENTIALS_EXPIRED"
    CREDENTIALS_REVOKED = "ERROR_REASON_CREDENTIALS_REVOKED"
    PERMISSION_DENIED = "ERROR_REASON_PERMISSION_DENIED"
    RATE_LIMITED = "ERROR_REASON_RATE_LIMITED"
    INTERNAL = "ERROR_REASON_INTERNAL"

    @property
    def retryable(self) -> bool:
        """Whether the same may be sent again with hope of success."""
        return self in _PASSING


_PASSING = frozenset(
    {Reason.OVERLOADED, Reason.STORE_READ_ONLY, Reason.SHUTTING_DOWN, Reason.RATE_LIMITED, Reason.INTERNAL}
)


@dataclass(frozen=True)
class FieldProblem:
    """One field that is wrong."""

    field: str
    """The path of the field: ``event.user``."""
    problem: str
    """What is wrong with it, and what to send instead."""


class LaurelsError(Exception):
    """Why a call, or one event of a stream, failed. Its text is a sentence for a person."""

    reason: Optional[Reason]
    """None where the server did not say: it was not reached, or is newer than this client."""
    retryable: bool
    """Whether the same may be sent again with hope of success. An event with an id counts once."""
    retry_after: Optional[timedelta]
    """How long the server asks to wait before."""
    fields: tuple[FieldProblem, ...]
    """The fields at fault."""

    def __init__(
        self,
        message: str,
        *,
        reason: Optional[Reason] = None,
        retryable: bool = False,
        retry_after: Optional[timedelta] = None,
        fields: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after
        self.fields = tuple(fields)


class Refused(LaurelsError):
    """What was asked is wrong; sent again as it is, it is refused again."""


class AccessDenied(Refused):
    """The key is missing, wrong, or does not reach so far."""


class BadgeNotFound(Refused):
    """The catalog has no such badge."""


class CursorRefused(Refused):
    """The stream cannot go on from this cursor: another store's, or older than what is kept."""

    oldest_cursor: Optional[str] = None
    """A cursor that the stream can begin with, where the server names one."""


class Unavailable(LaurelsError):
    """The server was not reached, did not answer in time, or asks to come back later."""


class ServerFault(LaurelsError):
    """A fault of the server's own; its log has the details."""
