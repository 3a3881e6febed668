"""A live stream that goes on after a lost connection, for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Optional

import grpc
import grpc.aio

from laurels.errors import LaurelsError
from laurels.failures import lost, of_status
from laurels.resumption import Resumption, WatchOptions
from laurels.v1 import achievements_pb2
from laurels.values import Notification


class AsyncWatch(AsyncIterator[Notification]):
    """Notifications, one after the other, for ever; :class:`laurels.watch.Watch` says how.

    Waiting for the next one may be cancelled, as by ``asyncio.wait_for``: nothing is lost.
    """

    def __init__(
        self, open_stream: Callable[[achievements_pb2.LiveNotificationsRequest], Any], options: WatchOptions
    ) -> None:
        self._open_stream = open_stream
        self._resumption = Resumption(options)
        self._call: Any = None
        # No attempt before this, by the monotonic clock.
        self._not_before = 0.0

    @property
    def cursor(self) -> str:
        """Continues this stream after what was handed over last; empty before the server's first answer."""
        return self._resumption.cursor

    async def __anext__(self) -> Notification:
        while True:
            try:
                message = await self._receive()
            except LaurelsError as error:
                self._drop()
                now = time.monotonic()
                self._not_before = now + self._resumption.lost(error, now)
                continue
            except asyncio.CancelledError:
                # gRPC ends a call whose reading was cancelled; the next one begins after the cursor.
                self._drop()
                raise
            notification = self._resumption.heard(message)
            if notification:
                return notification

    async def close(self) -> None:
        """Ends it."""
        self._drop()

    async def __aenter__(self) -> AsyncWatch:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close()

    async def _receive(self) -> achievements_pb2.LiveNotificationsResponse:
        await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
        if self._call is None:
            self._call = self._open_stream(self._resumption.request())
        call = self._call
        try:
            message = await asyncio.wait_for(call.read(), self._resumption.silence_max)
        except asyncio.TimeoutError:
            raise lost("the server sends no heartbeat") from None
        except grpc.RpcError as failure:
            raise of_status(failure) from failure
        if message is not grpc.aio.EOF:
            received: achievements_pb2.LiveNotificationsResponse = message
            return received
        if await call.code() is grpc.StatusCode.OK:
            raise lost("the server ended the stream")
        raise await status_of(call)

    def _drop(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None


async def status_of(call: Any) -> LaurelsError:
    """Why a call ended that gave no exception."""
    return of_status(
        grpc.aio.AioRpcError(
            await call.code(),
            await call.initial_metadata(),
            await call.trailing_metadata(),
            await call.details(),
        )
    )
