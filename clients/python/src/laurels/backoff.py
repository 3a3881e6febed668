"""How long to wait before the next attempt."""

from __future__ import annotations

import random

FIRST = 0.1
"""Seconds: the wait before the first new attempt."""
LONGEST = 10.0
"""Seconds: from then on every attempt waits about so long."""


class Backoff:
    """Doubles with every attempt, and is half random.

    So the clients of a server that comes back do not all knock at once.
    """

    def __init__(self) -> None:
        self._whole = FIRST

    def next_wait(self) -> float:
        """How many seconds to wait now."""
        wait = self._whole * random.uniform(0.5, 1.0)
        self._whole = min(self._whole * 2, LONGEST)
        return wait

    def reset(self) -> None:
        """Begins anew: the last attempt came through."""
        self._whole = FIRST
