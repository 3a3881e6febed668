"""A server that answers as a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Optional

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from laurels.failures import DETAILS
from laurels.v1 import achievements_pb2, achievements_pb2_grpc, event_pb2

Context = grpc.ServicerContext


def refusal(
    reason: str, code: grpc.StatusCode, retry_after: Optional[timedelta] = None, message: str = "no"
) -> Callable[[Context], None]:
    """An answer that is a status with details, as the server writes them."""

    def refuse(context: Context) -> None:
        details = [error_details_pb2.ErrorInfo(reason=reason, domain="laurels", metadata={"oldest": "c0"})]
        if retry_after is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromTimedelta(retry_after)
            details.append(retry)
        packed = [AnyMessage() for _ in details]
        for one, detail in zip(packed, details):
            one.Pack(detail)
        status = status_pb2.Status(code=code.value[0], message=message, details=packed)
        context.set_trailing_metadata(((DETAILS, status.SerializeToString()),))
        context.abort(code, message)

    return refuse


def good(context: Context) -> None:
    """An answer that it is recorded."""


def silence(context: Context) -> None:
    """No answer, for as long as the caller waits."""
    ended = threading.Event()
    if context.add_callback(ended.set):
        ended.wait()


class Fake(achievements_pb2_grpc.AchievementServiceServicer):  # type: ignore[misc, unused-ignore]
    """Gives its answers one after the other, and remembers what it was sent."""

    def __init__(self, *answers: Callable[[Context], None], tls: Optional[grpc.ServerCredentials] = None) -> None:
        self.answers = list(answers)
        self.heard: list[Any] = []
        self.metadata: list[dict[str, str]] = []
        self._pool = ThreadPoolExecutor(4)
        self._server = grpc.server(self._pool)
        achievements_pb2_grpc.add_AchievementServiceServicer_to_server(self, self._server)
        if tls:
            self.url = f"https://localhost:{self._server.add_secure_port('localhost:0', tls)}"
        else:
            self.url = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def RecordEvent(
        self, request: event_pb2.RecordEventRequest, context: Context
    ) -> event_pb2.RecordEventResponse:
        self._hear(request.event, context)
        self.answers.pop(0)(context)
        return event_pb2.RecordEventResponse(event_id=request.event.id)

    def LiveNotifications(
        self, request: achievements_pb2.LiveNotificationsRequest, context: Context
    ) -> Iterator[achievements_pb2.LiveNotificationsResponse]:
        """One heartbeat, then the next answer."""
        self._hear(request, context)
        beat = achievements_pb2.LiveNotificationsResponse()
        beat.notification.cursor = f"c{len(self.heard)}"
        beat.notification.heartbeat.live = True
        yield beat
        self.answers.pop(0)(context)

    def _hear(self, message: Any, context: Context) -> None:
        self.heard.append(message)
        self.metadata.append({key: str(value) for key, value in context.invocation_metadata()})

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()
        self._pool.shutdown()
