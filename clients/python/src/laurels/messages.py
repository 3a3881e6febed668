"""Values, written as protobuf messages, and messages, read as values."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

from google.protobuf.timestamp_pb2 import Timestamp

from laurels.failures import lost, of_event
from laurels.v1 import achievements_pb2, event_pb2
from laurels.values import (
    Answer,
    Award,
    Badge,
    Event,
    Heartbeat,
    Notification,
    Profile,
    Progress,
    Recorded,
    Revocation,
    UpdatedProfile,
)

PAGE_SIZE = 1000
"""How many awards or badges are asked for at once."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def fresh_id() -> str:
    """An id that nobody has used."""
    return f"laurels-python-{uuid.uuid4().hex}"


def with_id(event: Event) -> Event:
    """The event, with a fresh id where it has none, so that it may be sent again."""
    return event if event.id else dataclasses.replace(event, id=fresh_id())


def write_event(event: Event) -> event_pb2.Event:
    """The event as it goes to the server."""
    message = event_pb2.Event(id=event.id, type=event.type, user=event.user, subject=event.subject)
    if event.data is not None:
        message.data_json = write_data(event.data)
    if event.time is not None:
        message.time.CopyFrom(write_time(event.time))
    return message


def write_data(data: Mapping[str, Any]) -> str:
    """The text of one JSON object."""
    return json.dumps(dict(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def write_time(time: datetime) -> Timestamp:
    """The point in time, exactly."""
    if time.tzinfo is None:
        raise ValueError(f"{time!r} has no time zone; write datetime.now(timezone.utc), or give it a tzinfo")
    since = time - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1000)


def read_time(time: Timestamp) -> datetime:
    """The point in time, in UTC, cut to microseconds, which is what a datetime has."""
    return _EPOCH + timedelta(seconds=time.seconds, microseconds=time.nanos // 1000)


def read_award(award: event_pb2.Award) -> Award:
    """One award."""
    return Award(
        user=award.user,
        badge=award.badge,
        key=award.key,
        number=award.number,
        time=read_time(award.time),
        event_id=award.event_id,
        title=award.title,
        category=award.category,
        tier=award.tier,
        points=award.points,
        medal=award.medal,
        icon=award.icon,
    )


def read_recorded(answer: event_pb2.RecordEventResponse) -> Recorded:
    """What one event caused."""
    return Recorded(
        event_id=answer.event_id,
        duplicate=answer.duplicate,
        awards=read_awards(answer.awards),
        revoked=read_awards(answer.revoked),
        cursor=answer.cursor,
    )


def read_awards(awards: Iterable[event_pb2.Award]) -> tuple[Award, ...]:
    """Several awards, in their order."""
    return tuple(map(read_award, awards))


def read_answer(event: Event, message: achievements_pb2.RecordEventsResponse) -> Answer:
    """What came of one event of a stream."""
    result = message.WhichOneof("result")
    if result == "recorded":
        return Answer(event, recorded=read_recorded(message.recorded))
    if result == "error":
        return Answer(event, error=of_event(message.error))
    raise lost("an answer is of a kind that this client does not know")


def read_progress(progress: achievements_pb2.Progress) -> Progress:
    """How far a user is towards a badge."""
    return Progress(
        badge=progress.badge,
        key=progress.key,
        current=progress.current,
        goal=progress.goal,
        title=progress.title,
        tier=progress.tier,
    )


def read_profile(profile: achievements_pb2.Profile) -> Profile:
    """How a user is shown."""
    return Profile(
        user=profile.user,
        name=profile.name,
        link=profile.link,
        picture=profile.picture,
        time_zone=profile.time_zone,
        language=profile.language,
        points=profile.points,
        award_count=profile.award_count,
    )


def read_updated_profile(answer: achievements_pb2.UpdateProfileResponse) -> UpdatedProfile:
    """A profile that was set."""
    return UpdatedProfile(read_profile(answer.profile), read_recorded(answer.recorded))


def read_badge(badge: achievements_pb2.Badge) -> Badge:
    """What can be earned."""
    return Badge(
        id=badge.id,
        number=badge.number,
        category=badge.category,
        title=badge.title,
        description=badge.description,
        medal=badge.medal,
        family=badge.family,
        tier=badge.tier,
        points=badge.points,
        icon=badge.icon,
        secret=badge.secret,
        repeatable=badge.repeatable,
        retired=badge.retired,
        holders=badge.holders,
    )


def read_notification(message: achievements_pb2.Notification) -> Optional[Notification]:
    """What a live stream carries. None for a kind of a newer server, which is passed over."""
    kind: Award | Revocation | Heartbeat
    which = message.WhichOneof("kind")
    if which == "award":
        kind = read_award(message.award)
    elif which == "revocation":
        kind = Revocation(read_award(message.revocation.award), message.revocation.event_id)
    elif which == "heartbeat":
        kind = Heartbeat(message.heartbeat.live)
    else:
        return None
    return Notification(message.cursor, read_time(message.time), message.user, kind)
