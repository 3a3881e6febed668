"""The blocking client."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Optional

import grpc

from laurels import connection, messages, requests
from laurels.backoff import FIRST
from laurels.errors import LaurelsError
from laurels.failures import of_status
from laurels.resumption import WatchOptions
from laurels.v1 import achievements_pb2, achievements_pb2_grpc, event_pb2
from laurels.values import Answer, BadgeList, Event, Profile, Recorded, UpdatedProfile, UserBadges
from laurels.watch import Watch


class Client:
    """A connection to a Laurels server, to be shared by all threads of a process.

    It connects with the first call, and again by itself. Make it after a process has forked, not before.
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
        """Says where the server is.

        :param url: ``http://host:port``, or ``https://`` for TLS.
        :param key: the API key, sent with every call.
        :param timeout: for how many seconds a call may take, with its retry. A stream may take for ever.
        :param ca: the certificates to trust instead of the usual ones: the path of a PEM file, or its bytes.
        :param certificate: one's own, where the server asks for it.
        :param private_key: of that certificate.
        """
        place = connection.parse_url(url)
        if place.tls:
            secured = connection.credentials(ca, certificate, private_key)
            self._channel = grpc.secure_channel(place.target, secured, connection.OPTIONS)
        else:
            self._channel = grpc.insecure_channel(place.target, connection.OPTIONS)
        self._service: Any = achievements_pb2_grpc.AchievementServiceStub(self._channel)
        self._metadata = connection.metadata(key)
        self._timeout = timeout

    def record(
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
        return self.record_event(Event(type, user, subject, data, id, time), timeout=timeout)

    def record_event(self, event: Event, *, timeout: Optional[float] = None) -> Recorded:
        """As :meth:`record`, for an event that was put together before."""
        request = event_pb2.RecordEventRequest(event=messages.write_event(messages.with_id(event)))
        return messages.read_recorded(self._call_again(self._service.RecordEvent, request, timeout))

    def record_all(self, events: Iterable[Event], *, historical: bool = False) -> Iterator[Answer]:
        """Records a stream of events, for volume: many are under way at once, each is answered, in the order sent.

        A bad event is answered with its error, and the stream goes on. An exception ends it: what was not answered
        until then may be recorded or not, and is safe to send again where it has an id of yours.

        :param historical: these are events of the past, and each must have its time.
        """
        sent: deque[Event] = deque()
        failed: list[Exception] = []

        def write() -> Iterator[achievements_pb2.RecordEventsRequest]:
            try:
                yield from requests.record_all(events, historical, sent)
            # gRPC takes an exception of these events for one of its own, and would lose it.
            except Exception as error:
                failed.append(error)
                raise

        call = self._service.RecordEvents(write(), metadata=self._metadata)
        try:
            for message in call:
                yield messages.read_answer(sent.popleft(), message)
        except grpc.RpcError as failure:
            raise (failed[0] if failed else of_status(failure)) from None
        finally:
            call.cancel()

    def badges(
        self,
        user: str,
        *,
        badges: Sequence[str] = (),
        categories: Sequence[str] = (),
        progress: bool = True,
        timeout: Optional[float] = None,
    ) -> UserBadges:
        """The badges of a user, with all awards. A user nobody has heard of has none.

        :param badges: only these, by id.
        :param categories: only badges of these categories.
        :param progress: say also how far the user is; it is cheaper without.
        """
        request = requests.get_badges(user, badges, categories, progress)
        pages = self._pages(self._service.GetBadges, request, timeout)
        return requests.read_user_badges(list(pages))

    def profile(self, user: str, *, timeout: Optional[float] = None) -> Profile:
        """How a user is shown to others. A user nobody has heard of has an empty profile."""
        request = achievements_pb2.GetProfileRequest(user=user)
        return messages.read_profile(self._call(self._service.GetProfile, request, timeout).profile)

    def update_profile(
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
        """Sets what is given, and leaves the rest as it is; an empty text empties a field.

        It is recorded as an event ``profile.updated`` of the user: as durable, and rules hear it. A failure that
        may pass is met with one more attempt under the same id.

        :param link: where the user's page is: an http or https URL.
        :param picture: where the user's picture is: likewise.
        :param time_zone: an IANA name such as ``Europe/Rome``, or a distance from UTC, ``+05:30``.
        :param language: as BCP 47 names it: ``pt-BR``.
        :param id: names the change for ever: sent again under it, it is made once.
        """
        fields = dict(name=name, link=link, picture=picture, time_zone=time_zone, language=language)
        request = requests.update_profile(user, id, fields)
        return messages.read_updated_profile(self._call_again(self._service.UpdateProfile, request, timeout))

    def list_badges(
        self,
        *,
        categories: Sequence[str] = (),
        include_retired: bool = False,
        timeout: Optional[float] = None,
    ) -> BadgeList:
        """The badges there are, in the order of the catalog.

        :param categories: only badges of these.
        :param include_retired: also badges that can no longer be earned.
        """
        request = requests.list_badges(categories, include_retired)
        pages = self._pages(self._service.ListBadges, request, timeout)
        return requests.read_badge_list(list(pages))

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
    ) -> Watch:
        """Listens to what is being earned. Every filter that is not empty must match.

        :param after: begin after this cursor: what was missed comes first. Empty: with what happens from now on.
        :param from_beginning: begin with the first notification there is.
        :param heartbeats: hand over heartbeats too, which say whether everything up to now has been sent.
        :param heartbeat_interval: how often the server says that nothing happens: 1 to 60 seconds, else 15.
        :param patience: for how long a lost connection is tried again; None: for ever.
        """
        options = WatchOptions(
            users, badges, categories, after, from_beginning, heartbeats, heartbeat_interval, patience
        )
        return Watch(lambda request: self._service.LiveNotifications(request, metadata=self._metadata), options)

    def close(self) -> None:
        """Ends the connection, and what is under way."""
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def _call(self, method: Any, request: Any, timeout: Optional[float]) -> Any:
        try:
            return method(request, timeout=self._timeout if timeout is None else timeout, metadata=self._metadata)
        except grpc.RpcError as failure:
            raise of_status(failure) from failure

    def _call_again(self, method: Any, request: Any, timeout: Optional[float]) -> Any:
        """Calls, and once more where the failure may pass: within the time, under the id that the request has."""
        until = time.monotonic() + (self._timeout if timeout is None else timeout)
        try:
            return self._call(method, request, until - time.monotonic())
        except LaurelsError as error:
            wait = requests.retry_wait(error, FIRST, until - time.monotonic())
            if wait is None:
                raise
            time.sleep(wait)
        return self._call(method, request, until - time.monotonic())

    def _pages(self, method: Any, request: Any, timeout: Optional[float]) -> Iterator[Any]:
        while True:
            page = self._call(method, request, timeout)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
