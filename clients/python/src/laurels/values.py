"""What goes to the server and comes from it, as plain values that nobody changes.

The fields mean what the fields of the same name mean in ``proto/laurels/v1``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Optional, Union

from laurels.errors import LaurelsError


@dataclass(frozen=True)
class Event:
    """Something that happened on the site."""

    type: str
    """What happened: ``post.created``."""
    user: str
    """Who did it."""
    subject: str = ""
    """What it was done to."""
    data: Optional[Mapping[str, Any]] = None
    """Whatever else the rules need; becomes one JSON object."""
    id: str = ""
    """Names the event for ever, so that sent twice it counts once. Empty: a fresh one is made."""
    time: Optional[datetime] = None
    """When it happened, with a time zone. Left out: when it arrives."""


@dataclass(frozen=True)
class Award:
    """One badge, earned by one user, for one key."""

    user: str
    badge: str
    key: str
    """What it was earned for, when it may be earned more than once; else empty."""
    number: int
    """Which one it is of a badge that is given again and again for one key, from 1."""
    time: datetime
    event_id: str
    title: str
    category: str
    tier: int
    points: int
    medal: str
    icon: str


@dataclass(frozen=True)
class Recorded:
    """What one event caused."""

    event_id: str
    duplicate: bool
    """The id was already recorded: nothing was counted again, and this is the first answer."""
    awards: tuple[Award, ...]
    revoked: tuple[Award, ...]
    cursor: str


@dataclass(frozen=True)
class Answer:
    """What came of one event of a stream: either ``recorded`` or ``error`` is set."""

    event: Event
    """The event as it was sent, with its id."""
    recorded: Optional[Recorded] = None
    error: Optional[LaurelsError] = None


@dataclass(frozen=True)
class Progress:
    """How far a user is towards a badge."""

    badge: str
    key: str
    current: float
    goal: float
    title: str
    tier: int


@dataclass(frozen=True)
class UserBadges:
    """What a user has earned, and how far the user is towards the rest."""

    awards: tuple[Award, ...]
    """Newest first."""
    progress: tuple[Progress, ...]
    """Nearest first."""
    held_bits: bytes
    cursor: str
    """``watch(after=cursor)`` continues from here, without a gap and without a repetition."""

    def holds(self, number: int) -> bool:
        """Whether the badge of this number (``Badge.number``) is held."""
        byte, bit = divmod(number, 8)
        return byte < len(self.held_bits) and bool(self.held_bits[byte] >> bit & 1)


@dataclass(frozen=True)
class Profile:
    """A user, as shown to others. Of one nobody has heard of, everything is empty but the user."""

    user: str
    name: str
    link: str
    picture: str
    time_zone: str
    """An IANA name such as ``Europe/Rome``, or a distance from UTC."""
    language: str
    """As BCP 47 names it: ``pt-BR``."""
    points: int
    """Of all awards held."""
    award_count: int


@dataclass(frozen=True)
class UpdatedProfile:
    """A profile as it is now, and what the change caused."""

    profile: Profile
    recorded: Recorded


@dataclass(frozen=True)
class Badge:
    """What can be earned."""

    id: str
    number: int
    category: str
    title: str
    description: str
    medal: str
    family: str
    tier: int
    points: int
    icon: str
    secret: bool
    repeatable: bool
    retired: bool
    holders: int


@dataclass(frozen=True)
class BadgeList:
    """The badges there are, in the order of the catalog."""

    badges: tuple[Badge, ...]
    user_count: int
    """How many users there are: what ``Badge.holders`` is a share of."""


@dataclass(frozen=True)
class Revocation:
    """An award was taken back, since what it was given for is true no longer."""

    award: Award
    event_id: str


@dataclass(frozen=True)
class Heartbeat:
    """Nothing happened: the stream is alive."""

    live: bool
    """Everything up to now has been sent."""


@dataclass(frozen=True)
class Notification:
    """What a live stream carries."""

    cursor: str
    """Continues the stream after this. Keep it with whatever was done about the notification."""
    time: datetime
    user: str
    """Whom it concerns; empty for a heartbeat."""
    kind: Union[Award, Revocation, Heartbeat]
