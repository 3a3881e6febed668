"""One face for both clients, so that each test says once what holds for either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from typing import Any, TypeVar

import laurels

T = TypeVar("T")


class Asyncio:
    """An ``AsyncClient`` with the methods of a ``Client``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()

        async def make() -> laurels.AsyncClient:
            return laurels.AsyncClient(*arguments, **options)

        try:
            self._client = self._run(make())
        except BaseException:
            self._loop.close()
            raise

    def record(self, *arguments: Any, **options: Any) -> laurels.Recorded:
        return self._run(self._client.record(*arguments, **options))

    def record_all(self, events: Iterable[laurels.Event], **options: Any) -> Iterator[laurels.Answer]:
        return self._each(self._client.record_all(events, **options))

    def badges(self, user: str, **options: Any) -> laurels.UserBadges:
        return self._run(self._client.badges(user, **options))

    def profile(self, user: str, **options: Any) -> laurels.Profile:
        return self._run(self._client.profile(user, **options))

    def update_profile(self, user: str, **options: Any) -> laurels.UpdatedProfile:
        return self._run(self._client.update_profile(user, **options))

    def list_badges(self, **options: Any) -> laurels.BadgeList:
        return self._run(self._client.list_badges(**options))

    def watch(self, **options: Any) -> Watch:
        return Watch(self._client.watch(**options), self._loop)

    def close(self) -> None:
        self._run(self._client.close())
        self._loop.close()

    def __enter__(self) -> Asyncio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(what)

    def _each(self, answers: AsyncIterator[T]) -> Iterator[T]:
        try:
            while True:
                yield self._loop.run_until_complete(answers.__anext__())
        except StopAsyncIteration:
            pass


class Watch(Iterator[laurels.Notification]):
    """An ``AsyncWatch`` with the methods of a ``Watch``."""

    def __init__(self, watch: laurels.AsyncWatch, loop: asyncio.AbstractEventLoop) -> None:
        self._watch, self._loop = watch, loop

    @property
    def cursor(self) -> str:
        return self._watch.cursor

    def __next__(self) -> laurels.Notification:
        return self._loop.run_until_complete(self._watch.__anext__())

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._watch.close())
