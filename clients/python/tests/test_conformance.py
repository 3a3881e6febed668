"""The calls of ``clients/conformance.json``, which every client replays against a real server."""

from __future__ import annotations

import dataclasses
import json
import re
import signal
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import laurels
from laurels import Award, Heartbeat, Notification, Revocation
from relay import Relay
from server import ROOT, Server

Connect = Callable[..., Any]
CONFORMANCE = json.loads((ROOT / "clients" / "conformance.json").read_text(encoding="utf-8"))


class Stage(NamedTuple):
    """A server behind a relay, since it comes back on another port when it was stopped."""

    server: Server
    relay: Relay


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("conformance")
    (home / "badges").mkdir()
    for name, lines in CONFORMANCE["badges"].items():
        (home / "badges" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Each client tells the cases to a store of its own.
    yield from _stage(home / "blocking", home / "badges")


@pytest.fixture(scope="module")
def second_stage(tmp_path_factory: pytest.TempPathFactory, stage: Stage) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("conformance-asyncio")
    yield from _stage(home / "asyncio", stage.server.badges)


def _stage(data: Path, badges: Path) -> Iterator[Stage]:
    server = Server(data, badges)
    relay = Relay(server.address)
    yield Stage(server, relay)
    relay.close()
    server.stop()


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CONFORMANCE["cases"]])
def test_conformance(
    connect: Connect, case: Any, stage: Stage, second_stage: Stage, request: pytest.FixtureRequest
) -> None:
    own = second_stage if "asyncio" in request.node.name else stage
    Replay(connect(own.relay.url, timeout=30), own).play(case["steps"])


class Replay:
    """Plays the steps of one case, and remembers what later steps refer to."""

    def __init__(self, client: Any, stage: Stage) -> None:
        self._client, self._stage = client, stage
        self._kept: dict[str, Any] = {}

    def play(self, steps: Any) -> None:
        for step in steps:
            self._step(step)

    def _step(self, step: Any) -> None:
        with_ = self._filled(step.get("with", {}))
        if "fails" in step:
            with pytest.raises(laurels.LaurelsError) as raised:
                self._call(step, with_)
            said = _shown_error(raised.value)
            self._compare(step["fails"], said, step)
        else:
            said = self._call(step, with_)
            self._compare(step.get("gives", {}), said, step)
        for name, path in step.get("keep", {}).items():
            value = said
            for part in path.split("."):
                value = value[int(part)] if part.isdigit() else value[part]
            self._kept[name] = value

    def _call(self, step: Any, with_: Any) -> Any:
        call, options = step["call"], _snake(with_)
        if call == "watch":
            return self._watch(step, options)
        if call in ("restart", "kill"):
            self._stage.server.stop(signal.SIGTERM if call == "restart" else signal.SIGKILL)
            self._stage.server.start()
            self._stage.relay.to = self._stage.server.address
            return {}
        if call == "recordAll":
            answers = self._client.record_all([laurels.Event(**_timed(event)) for event in options["events"]])
            return {"recorded": [_shown(answer.recorded) for answer in answers]}
        options = _timed(options)
        if "only" in options:
            options["badges"] = options.pop("only")
        # Progress comes with the badges.
        method = "badges" if call == "progress" else _snake_name(call)
        return _shown(getattr(self._client, method)(**options))

    def _watch(self, step: Any, with_: Any) -> Any:
        wanted = len(step.get("gives", {}).get("notifications", ()))
        seen: list[Any] = []
        with self._client.watch(heartbeats=True, **with_) as watch:

            def see() -> bool:
                """Whether the next one is a heartbeat that says that everything up to now was sent."""
                notification = next(watch)
                if isinstance(notification.kind, Heartbeat):
                    return notification.kind.live
                seen.append(_shown_notification(notification))
                return False

            if "while" in step or not wanted:
                # What happens from then on is heard.
                while not see():
                    pass
                self.play(step.get("while", ()))
            while len(seen) < wanted:
                see()
        return {"notifications": seen}

    def _filled(self, value: Any) -> Any:
        """The value, with what was kept in the place of ``$name``."""
        if isinstance(value, str) and value.startswith("$"):
            return self._kept[value[1:]]
        if isinstance(value, dict):
            return {key: self._filled(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._filled(part) for part in value]
        return value

    def _compare(self, wanted: Any, said: Any, step: Any) -> None:
        """Fails unless all that is wanted was said; objects may say more, lists may not."""
        wanted = self._filled(wanted)
        if wanted == "*":
            assert said, step
        elif isinstance(wanted, dict):
            for key, part in wanted.items():
                assert key in said, (key, step)
                self._compare(part, said[key], step)
        elif isinstance(wanted, list):
            assert len(wanted) == len(said), (said, step)
            for part, other in zip(wanted, said):
                self._compare(part, other, step)
        else:
            assert said == wanted, step


def _timed(options: Any) -> Any:
    if "time" not in options:
        return options
    return {**options, "time": datetime.fromisoformat(options["time"].replace("Z", "+00:00"))}


def _shown(value: Any) -> Any:
    """A value of ours, as the JSON that the protocol makes of it."""
    if dataclasses.is_dataclass(value):
        return {_camel(field.name): _shown(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_shown(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def _shown_notification(notification: Notification) -> Any:
    shown = {"cursor": notification.cursor, "user": notification.user, "time": _shown(notification.time)}
    kind = notification.kind
    if isinstance(kind, Award):
        return {**shown, "kind": "award", "award": _shown(kind), "eventId": kind.event_id}
    assert isinstance(kind, Revocation)
    return {**shown, "kind": "revocation", **_shown(kind)}


def _shown_error(error: laurels.LaurelsError) -> Any:
    return {
        "reason": error.reason and error.reason.value,
        "retryable": error.retryable,
        "fields": [field.field for field in error.fields],
        "oldestCursor": getattr(error, "oldest_cursor", None),
    }


def _camel(name: str) -> str:
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def _snake_name(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)


def _snake(options: Any) -> Any:
    return {_snake_name(key): value for key, value in options.items()}
