"""The client for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Optional, Union

import grpc
import grpc.aio

from laurels import connection, messages, requests
from laurels.async_watch import AsyncWatch, status_of
from laurels.backoff import FIRST
from laurels.errors import LaurelsError
from laurels.failures import of_status
from laurels.resumption import WatchOptions
from laurels.v1 import achievements_pb2, achievements_pb2_grpc, event_pb2
from laurels.values import Answer, BadgeList, Event, Profile, Recorded, UpdatedProfile, UserBadges


class AsyncClient:
    """A connection to a Laurels server, to be shared by all tasks of an event loop.

    It connects with the first call, and again by itself. Make it where the loop runs.
    """

    def __init__(
        self,
        url: str = connection.DEFAULT_URL,
        *,
        key: Optional[str] = None,
        timeout: float = 5.0,
        ca: Optional[connection.Pem] = None,
        certificate: Optional[connection.Pem] = None,
        private_key: Optional[connection.Pem] = None,
    ) -> None:
        """As for :class:`laurels.Client`."""
        place = connection.parse_url(url)
        if place.tls:
            secured = connection.credentials(ca, certificate, private_key)
            self._channel = grpc.aio.secure_channel(place.target, secured, connection.OPTIONS)
        else:
            self._channel = grpc.aio.insecure_channel(place.target, connection.OPTIONS)
        self._service: Any = achievements_pb2_grpc.AchievementServiceStub(self._channel)
        self._metadata = connection.metadata(key)
        self._timeout = timeout

    async def record(
        self,
        type: str,
        user: str,
        *,
        subject: str = "",
        data: Optional[Mapping[str, Any]] = None,
        id: str = "",
        time: Optional[datetime] = None,
        timeout: Optional[float] = None,
    ) -> Recorded:
        """Records one event. When it returns, the event is kept, and no crash takes it back.

        An event without an id gets one, and where the failure may pass it is sent once more under the same id: it
        counts once.
        """
        return await self.record_event(Event(type, user, subject, data, id, time), timeout=timeout)

    async def record_event(self, event: Event, *, timeout: Optional[float] = None) -> Recorded:
        """As :meth:`record`, for an event that was put together before."""
        request = event_pb2.RecordEventRequest(event=messages.write_event(messages.with_id(event)))
        return messages.read_recorded(await self._call_again(self._service.RecordEvent, request, timeout))

    async def record_all(
        self, events: Union[Iterable[Event], AsyncIterable[Event]], *, historical: bool = False
    ) -> AsyncIterator[Answer]:
        """As :meth:`laurels.Client.record_all`; the events may come from an asynchronous iterator too."""
        sent: deque[Event] = deque()
        call = self._service.RecordEvents(metadata=self._metadata)

        async def write() -> None:
            async for request in _requests(events, historical, sent):
                await call.write(request)
            await call.done_writing()

        writing = asyncio.ensure_future(write())
        # An exception of these events ends the stream, and is raised below.
        writing.add_done_callback(lambda done: done.cancelled() or (done.exception() and call.cancel()))
        try:
            while (message := await call.read()) is not grpc.aio.EOF:
                yield messages.read_answer(sent.popleft(), message)
            if await call.code() is not grpc.StatusCode.OK:
                raise await status_of(call)
            await writing
        except grpc.RpcError as failure:
            _raise_theirs(writing)
            raise of_status(failure) from None
        except asyncio.CancelledError:
            # Reading a call that was cancelled says that the task was.
            _raise_theirs(writing)
            raise
        finally:
            writing.cancel()
            call.cancel()

    async def badges(
        self,
        user: str,
        *,
        badges: Sequence[str] = (),
        categories: Sequence[str] = (),
        progress: bool = True,
        timeout: Optional[float] = None,
    ) -> UserBadges:
        """As :meth:`laurels.Client.badges`."""
        request = requests.get_badges(user, badges, categories, progress)
        return requests.read_user_badges(await self._pages(self._service.GetBadges, request, timeout))

    async def profile(self, user: str, *, timeout: Optional[float] = None) -> Profile:
        """As :meth:`laurels.Client.profile`."""
        request = achievements_pb2.GetProfileRequest(user=user)
        return messages.read_profile((await self._call(self._service.GetProfile, request, timeout)).profile)

    async def update_profile(
        self,
        user: str,
        *,
        name: Optional[str] = None,
        link: Optional[str] = None,
        picture: Optional[str] = None,
        time_zone: Optional[str] = None,
        language: Optional[str] = None,
        id: str = "",
        timeout: Optional[float] = None,
    ) -> UpdatedProfile:
        """As :meth:`laurels.Client.update_profile`."""
        fields = dict(name=name, link=link, picture=picture, time_zone=time_zone, language=language)
        request = requests.update_profile(user, id, fields)
        return messages.read_updated_profile(await self._call_again(self._service.UpdateProfile, request, timeout))

    async def list_badges(
        self,
        *,
        categories: Sequence[str] = (),
        include_retired: bool = False,
        timeout: Optional[float] = None,
    ) -> BadgeList:
        """As :meth:`laurels.Client.list_badges`."""
        request = requests.list_badges(categories, include_retired)
        return requests.read_badge_list(await self._pages(self._service.ListBadges, request, timeout))

    def watch(
        self,
        *,
        users: Sequence[str] = (),
        badges: Sequence[str] = (),
        categories: Sequence[str] = (),
        after: str = "",
        from_beginning: bool = False,
        heartbeats: bool = False,
        heartbeat_interval: Optional[timedelta] = None,
        patience: Optional[timedelta] = None,
    ) -> AsyncWatch:
        """As :meth:`laurels.Client.watch`."""
        options = WatchOptions(
            users, badges, categories, after, from_beginning, heartbeats, heartbeat_interval, patience
        )
        return AsyncWatch(
            lambda request: self._service.LiveNotifications(request, metadata=self._metadata), options
        )

    async def close(self) -> None:
        """Ends the connection, and what is under way."""
        await self._channel.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close()

    async def _call(self, method: Any, request: Any, timeout: Optional[float]) -> Any:
        try:
            return await method(
                request, timeout=self._timeout if timeout is None else timeout, metadata=self._metadata
            )
        except grpc.RpcError as failure:
            raise of_status(failure) from failure

    async def _call_again(self, method: Any, request: Any, timeout: Optional[float]) -> Any:
        """Calls, and once more where the failure may pass: within the time, under the id that the request has."""
        until = time.monotonic() + (self._timeout if timeout is None else timeout)
        try:
            return await self._call(method, request, until - time.monotonic())
        except LaurelsError as error:
            wait = requests.retry_wait(error, FIRST, until - time.monotonic())
            if wait is None:
                raise
            await asyncio.sleep(wait)
        return await self._call(method, request, until - time.monotonic())

    async def _pages(self, method: Any, request: Any, timeout: Optional[float]) -> list[Any]:
        pages: list[Any] = []
        while not pages or request.page_token:
            pages.append(await self._call(method, request, timeout))
            request.page_token = pages[-1].next_page_token
        return pages


async def _requests(
    events: Union[Iterable[Event], AsyncIterable[Event]], historical: bool, sent: deque[Event]
) -> AsyncIterator[achievements_pb2.RecordEventsRequest]:
    if not isinstance(events, AsyncIterable):
        for request in requests.record_all(events, historical, sent):
            yield request
        return
    first = True
    async for event in events:
        named = messages.with_id(event)
        request = requests.write_streamed(named, first, historical)
        sent.append(named)
        yield request
        first = False


def _raise_theirs(writing: asyncio.Future[None]) -> None:
    """Raises what the events raised, if it was that which ended the stream."""
    if not writing.done() or writing.cancelled():
        return
    error = writing.exception()
    if error and not isinstance(error, (grpc.RpcError, asyncio.InvalidStateError)):
        raise error
