"""How a live stream goes on after a lost connection; the waiting and reading is done elsewhere.

:class:`laurels.Watch` and :class:`laurels.AsyncWatch` do the same, the one by blocking and the other
by awaiting. What they decide is here, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Optional

from google.protobuf.duration_pb2 import Duration

from laurels.backoff import Backoff
from laurels.errors import LaurelsError
from laurels.messages import read_notification
from laurels.v1 import achievements_pb2
from laurels.values import Heartbeat, Notification

HEARTBEAT = timedelta(seconds=15)
"""How often the server is asked to say that nothing happens, where nobody says otherwise."""
HEARTBEATS_MISSED_MAX = 3
"""How many heartbeats may fail to come before the connection counts as lost."""


@dataclass(frozen=True)
class WatchOptions:
    """What to listen to, and how. Every filter that is not empty must match."""

    users: Sequence[str] = ()
    badges: Sequence[str] = ()
    categories: Sequence[str] = ()
    after: str = ""
    from_beginning: bool = False
    heartbeats: bool = False
    heartbeat_interval: Optional[timedelta] = None
    patience: Optional[timedelta] = None


class Resumption:
    """Where a stream stands, and whether and when it is tried again."""

    def __init__(self, options: WatchOptions) -> None:
        self.cursor = options.after
        self._options = options
        self._from_beginning = options.from_beginning
        self._backoff = Backoff()
        # What the first attempt may not do, and every later one may: fail in silence.
        self._begun = False
        self._lost_at: Optional[float] = None

    @property
    def silence_max(self) -> float:
        """For how many seconds the server may say nothing."""
        interval = self._options.heartbeat_interval or HEARTBEAT
        return interval.total_seconds() * HEARTBEATS_MISSED_MAX

    def request(self) -> achievements_pb2.LiveNotificationsRequest:
        """Asks for what comes after the last notification that was handed over."""
        options = self._options
        request = achievements_pb2.LiveNotificationsRequest(
            users=options.users,
            badges=options.badges,
            categories=options.categories,
            after=self.cursor,
            from_beginning=self._from_beginning,
        )
        if options.heartbeat_interval is not None:
            interval = Duration()
            interval.FromTimedelta(options.heartbeat_interval)
            request.heartbeat_interval.CopyFrom(interval)
        return request

    def heard(self, message: achievements_pb2.LiveNotificationsResponse) -> Optional[Notification]:
        """Takes a message; gives what is to be handed over, if anything."""
        self._begun = True
        self._lost_at = None
        self._backoff.reset()
        if not message.HasField("notification"):
            return None
        self.cursor = message.notification.cursor
        self._from_beginning = False
        notification = read_notification(message.notification)
        if notification and isinstance(notification.kind, Heartbeat) and not self._options.heartbeats:
            return None
        return notification

    def lost(self, error: LaurelsError, now: float) -> float:
        """For how many seconds to wait before the next attempt. Raises the error where there is none."""
        if self._lost_at is None:
            self._lost_at = now
        patience = self._options.patience
        impatient = patience is not None and now - self._lost_at >= patience.total_seconds()
        if not self._begun or not error.retryable or impatient:
            self._lost_at = None
            raise error
        asked = error.retry_after.total_seconds() if error.retry_after else 0.0
        return max(self._backoff.next_wait(), asked)
