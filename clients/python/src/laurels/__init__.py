"""A client for Laurels, the achievements server.

Say what happened, ask what was earned, and listen for what is being earned now::

    with laurels.Client("http://127.0.0.1:50051") as client:
        recorded = client.record("post.created", "ana", subject="post:7")

:class:`AsyncClient` is the same for asyncio. What the server keeps survives a crash, and every event has an id, so
whatever was not answered may be sent again: ``record`` does so once by itself, and ``watch`` goes on after a lost
connection where it had stopped.
"""

from laurels.async_client import AsyncClient
from laurels.async_watch import AsyncWatch
from laurels.browser_tokens import BrowserTokens
from laurels.client import Client
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
from laurels.values import (
    Answer,
    Award,
    Badge,
    BadgeList,
    Event,
    Heartbeat,
    Notification,
    Profile,
    Progress,
    Recorded,
    Revocation,
    UpdatedProfile,
    UserBadges,
)
from laurels.watch import Watch

__all__ = [
    "AccessDenied",
    "Answer",
    "AsyncClient",
    "AsyncWatch",
    "Award",
    "Badge",
    "BadgeList",
    "BadgeNotFound",
    "BrowserTokens",
    "Client",
    "CursorRefused",
    "Event",
    "FieldProblem",
    "Heartbeat",
    "LaurelsError",
    "Notification",
    "Profile",
    "Progress",
    "Reason",
    "Recorded",
    "Refused",
    "Revocation",
    "ServerFault",
    "Unavailable",
    "UpdatedProfile",
    "UserBadges",
    "Watch",
]
