"""Recording, and asking what was earned, against a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import laurels
from laurels import Event, Reason
from server import Server

Connect = Callable[..., Any]


def test_an_event_gives_its_badge_and_counts_once(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    first = client.record("post.created", user, subject="post:1", id=f"{user}:1")
    assert [(award.user, award.badge, award.title, award.medal) for award in first.awards] == [
        (user, "first-post", "First post", "bronze")
    ]
    assert (first.event_id, first.duplicate) == (f"{user}:1", False)
    again = client.record("post.created", user, subject="post:1", id=f"{user}:1")
    assert again.duplicate
    assert again.awards == first.awards
    assert client.badges(user).awards == first.awards


def test_an_event_without_an_id_gets_one(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    ids = {client.record("post.created", user).event_id for _ in range(3)}
    assert len(ids) == 3
    assert all(id.startswith("laurels-python-") for id in ids)


def test_data_reaches_the_rules_and_an_award_is_taken_back(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    data = {"author": f"Ünal/{user}", "more": {"stars": [1, 2.5, None, True]}}
    client.record("post.liked", "ben", data=data)
    assert [a.user for a in client.record("post.liked", "cat", data=data).awards] == [data["author"]]
    taken = client.record("post.unliked", "cat", data=data).revoked
    assert [(award.user, award.badge) for award in taken] == [(data["author"], "liked")]
    assert client.badges(str(data["author"])).awards == ()


def test_a_time_keeps_its_moment_whatever_its_zone(connect: Connect, server: Server, user: str) -> None:
    time = datetime(2026, 1, 31, 23, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    (award,) = connect(server.url).record("post.created", user, time=time).awards
    assert award.time == time
    assert award.time.tzinfo is timezone.utc


def test_what_cannot_be_sent_is_refused_at_once(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    with pytest.raises(ValueError, match="has no time zone; write"):
        client.record("post.created", user, time=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="not JSON compliant"):
        client.record("post.created", user, data={"score": float("nan")})


def test_badges_have_awards_progress_and_bits(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    client.record("post.created", user)
    badges = client.badges(user)
    assert [(p.badge, p.current, p.goal, p.tier) for p in badges.progress if p.badge == "author-3"] == [
        ("author-3", 1.0, 3.0, 1)
    ]
    numbers = {badge.id: badge.number for badge in client.list_badges().badges}
    assert badges.holds(numbers["first-post"])
    assert not badges.holds(numbers["author-3"])
    assert not badges.holds(10_000)
    assert client.badges(user, progress=False).progress == ()
    assert client.badges(user, badges=["author-3"]).awards == ()
    assert client.badges("nobody") == laurels.UserBadges((), client.badges("nobody").progress, b"", badges.cursor)


def test_all_pages_are_read(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    events = [Event("post.read", user, subject=str(n)) for n in range(1500)]
    assert sum(len(answer.recorded.awards) for answer in client.record_all(events)) == 1500
    assert {award.key for award in client.badges(user).awards} == {str(n) for n in range(1500)}


def test_the_catalog_is_listed(connect: Connect, server: Server) -> None:
    listed = connect(server.url).list_badges()
    badges = {badge.id: badge for badge in listed.badges}
    assert list(badges) == ["first-post", "author-3", "author-10", "read", "liked"]
    assert (badges["author-10"].family, badges["author-10"].tier) == ("author", 2)
    assert badges["read"].repeatable
    assert connect(server.url).list_badges(categories=["posts"]).badges == listed.badges


def test_a_stream_answers_each_event_in_order(connect: Connect, server: Server, user: str) -> None:
    events = [Event("post.created", user), Event("Not A Type", user), Event("post.created", user, id=f"{user}:z")]
    good, bad, last = connect(server.url).record_all(iter(events))
    assert [award.badge for award in good.recorded.awards] == ["first-post"]
    assert good.event.id == good.recorded.event_id
    assert bad.recorded is None
    assert (bad.error.reason, bad.error.fields[0].field) == (Reason.INVALID_FIELD, "event.type")
    assert last.recorded.event_id == last.event.id == f"{user}:z"


def test_events_of_the_past_must_have_their_time(connect: Connect, server: Server, user: str) -> None:
    time = datetime(2020, 2, 29, tzinfo=timezone.utc)
    events = [Event("post.created", user, time=time), Event("post.created", user)]
    first, second = connect(server.url).record_all(events, historical=True)
    assert first.recorded.awards[0].time == time
    assert second.error.fields[0].field == "event.time"


def test_an_exception_of_the_events_ends_the_stream_and_is_raised(
    connect: Connect, server: Server, user: str
) -> None:
    def events() -> Iterator[Event]:
        yield Event("post.created", user)
        raise LookupError("the list ends here")

    with pytest.raises(LookupError, match="the list ends here"):
        list(connect(server.url).record_all(events()))


def test_a_stream_may_be_left_half_way(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    answers = client.record_all(Event("post.created", user) for _ in range(10_000))
    assert next(answers).recorded.awards
    answers.close()
    assert client.record("post.read", user, subject="x").awards


def test_a_refusal_says_what_is_wrong(connect: Connect, server: Server, user: str) -> None:
    client = connect(server.url)
    with pytest.raises(laurels.Refused) as refused:
        client.record("post.created", "")
    assert refused.value.reason is Reason.INVALID_FIELD
    assert [field.field for field in refused.value.fields] == ["event.user"]
    assert "event.user" in str(refused.value)
    assert not refused.value.retryable

    client.record("post.created", user, id=f"{user}:1")
    with pytest.raises(laurels.Refused) as reused:
        client.record("post.read", user, id=f"{user}:1")
    assert reused.value.reason is Reason.EVENT_ID_REUSED

    with pytest.raises(laurels.BadgeNotFound) as unknown:
        client.badges(user, badges=["no-such-badge"])
    assert unknown.value.reason is Reason.BADGE_NOT_FOUND


def test_a_server_that_is_not_there_is_unavailable(connect: Connect) -> None:
    # Nothing listens on port 1, which is not one that a program is given.
    with pytest.raises(laurels.Unavailable) as unavailable:
        connect("http://127.0.0.1:1").record("post.created", "ana")
    assert unavailable.value.retryable
    assert unavailable.value.reason is None
    assert str(unavailable.value).startswith("no connection to the server: ")


@pytest.mark.parametrize("url", ["localhost:1", "ftp://a", "http://", "http://a:b", "http://a/b", "http://a?b"])
def test_a_url_that_is_none_says_what_to_write(connect: Connect, url: str) -> None:
    with pytest.raises(
        ValueError, match=r"is not the URL of a server; write one such as http://127\.0\.0\.1:50051"
    ):
        connect(url)
