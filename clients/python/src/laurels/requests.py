"""What is asked of the server, and what is made of its answers: the same for both clients."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Optional

from laurels import messages
from laurels.errors import LaurelsError
from laurels.v1 import achievements_pb2
from laurels.values import BadgeList, Event, UserBadges


def retry_wait(error: LaurelsError, least: float, left: float) -> Optional[float]:
    """For how many seconds to wait before the one retry. None where it is hopeless within the time left."""
    asked = error.retry_after.total_seconds() if error.retry_after else 0.0
    wait = max(asked, least)
    return wait if error.retryable and wait < left else None


def write_streamed(event: Event, first: bool, historical: bool) -> achievements_pb2.RecordEventsRequest:
    """One message of a stream of events."""
    request = achievements_pb2.RecordEventsRequest(event=messages.write_event(event))
    # The server reads the options from the first message only.
    if first:
        request.options.historical = historical
    return request


def record_all(
    events: Iterable[Event], historical: bool, sent: deque[Event]
) -> Iterator[achievements_pb2.RecordEventsRequest]:
    """The messages of a stream of events; notes each event, with its id, in ``sent``."""
    first = True
    for event in events:
        named = messages.with_id(event)
        request = write_streamed(named, first, historical)
        sent.append(named)
        yield request
        first = False


def get_badges(
    user: str, badges: Sequence[str], categories: Sequence[str], progress: bool
) -> achievements_pb2.GetBadgesRequest:
    """Asks for the first page of a user's badges."""
    return achievements_pb2.GetBadgesRequest(
        user=user,
        badges=badges,
        categories=categories,
        without_progress=not progress,
        page_size=messages.PAGE_SIZE,
    )


def read_user_badges(pages: Sequence[achievements_pb2.GetBadgesResponse]) -> UserBadges:
    """All pages as one. The first has everything but the further awards."""
    first = pages[0]
    return UserBadges(
        awards=tuple(messages.read_award(award) for page in pages for award in page.awards),
        progress=tuple(map(messages.read_progress, first.progress)),
        held_bits=first.held_bits,
        cursor=first.cursor,
    )


def update_profile(
    user: str, id: str, fields: Mapping[str, Optional[str]]
) -> achievements_pb2.UpdateProfileRequest:
    """Sets those fields of a profile that are not None; an empty one is emptied. It may be sent again."""
    request = achievements_pb2.UpdateProfileRequest(id=id or messages.fresh_id())
    request.profile.user = user
    for name, value in fields.items():
        if value is not None:
            setattr(request.profile, name, value)
            request.update_mask.paths.append(name)
    return request


def list_badges(categories: Sequence[str], include_retired: bool) -> achievements_pb2.ListBadgesRequest:
    """Asks for the first page of the catalog."""
    return achievements_pb2.ListBadgesRequest(
        categories=categories, include_retired=include_retired, page_size=messages.PAGE_SIZE
    )


def read_badge_list(pages: Sequence[achievements_pb2.ListBadgesResponse]) -> BadgeList:
    """All pages as one."""
    badges = tuple(messages.read_badge(badge) for page in pages for badge in page.badges)
    return BadgeList(badges, user_count=pages[-1].user_count)
