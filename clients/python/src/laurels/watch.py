"""A live stream that goes on after a lost connection, by blocking."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Optional

import grpc

from laurels.errors import LaurelsError
from laurels.failures import lost, of_status
from laurels.resumption import Resumption, WatchOptions
from laurels.v1 import achievements_pb2
from laurels.values import Notification


class Watch(Iterator[Notification]):
    """Notifications, one after the other, for ever: iterate over it; leave its ``with`` block to end it.

    When the connection is lost it connects again and goes on after the last notification that it handed over:
    nothing is missed, and nothing comes twice. It raises when the server cannot be reached at first, when it
    refuses what was asked (a cursor of another store), or when the patience is over; iterated on, it tries again.
    """

    def __init__(
        self, open_stream: Callable[[achievements_pb2.LiveNotificationsRequest], Any], options: WatchOptions
    ) -> None:
        self._open_stream = open_stream
        self._resumption = Resumption(options)
        self._watchdog = _Watchdog(self._resumption.silence_max)
        self._closed = threading.Event()
        self._call: Any = None

    @property
    def cursor(self) -> str:
        """Continues this stream after what was handed over last; empty before the server's first answer."""
        return self._resumption.cursor

    def __next__(self) -> Notification:
        while not self._closed.is_set():
            try:
                message = self._receive()
            except LaurelsError as error:
                self._call = None
                if not self._closed.is_set():
                    self._closed.wait(self._resumption.lost(error, time.monotonic()))
                continue
            notification = self._resumption.heard(message)
            if notification:
                return notification
        raise StopIteration

    def close(self) -> None:
        """Ends it: an iteration that waits, in this or another thread, ends as after the last element."""
        self._closed.set()
        self._watchdog.stop()
        call = self._call
        if call is not None:
            call.cancel()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def _receive(self) -> achievements_pb2.LiveNotificationsResponse:
        if self._call is None:
            self._call = self._open_stream(self._resumption.request())
        call = self._call
        if self._closed.is_set():
            call.cancel()
        try:
            # A reader who takes long between two notifications loses nothing: silence counts while one waits.
            with self._watchdog.over(call):
                message: Optional[achievements_pb2.LiveNotificationsResponse] = next(call, None)
        except grpc.RpcError as failure:
            if self._watchdog.has_bitten:
                raise lost("the server sends no heartbeat") from None
            raise of_status(failure) from failure
        if message is None:
            raise lost("the server ended the stream")
        return message


class _Watchdog:
    """Cancels a call that stays silent for too long; blocking gRPC has no other way to wait for so long only."""

    def __init__(self, seconds: float) -> None:
        self.has_bitten = False
        self._seconds = seconds
        self._call: Any = None
        self._until = 0.0
        self._stopped = False
        self._changed = threading.Condition()
        self._thread: Optional[threading.Thread] = None

    def over(self, call: Any) -> _Watchdog:
        with self._changed:
            self.has_bitten = False
            self._call, self._until = call, time.monotonic() + self._seconds
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="laurels-watchdog", daemon=True)
                self._thread.start()
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._call = None

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                left = self._until - time.monotonic()
                if self._call is not None and left <= 0:
                    self.has_bitten = True
                    self._call.cancel()
                    self._call = None
                # Each wait begins later than the one before, so waking at the old end is early enough.
                self._changed.wait(left if left > 0 else self._seconds)
