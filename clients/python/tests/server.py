"""A real server, of the program that was built, for one test or many."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("LAURELS_PROGRAM", str(ROOT / "target" / "debug" / "laurels"))
BADGES = Path(__file__).parent / "badges"


class Server:
    """Started at once, on a free port of its own; its data outlives it."""

    def __init__(self, data: Path, badges: Path = BADGES, *arguments: str) -> None:
        self.badges = badges
        self._log = data.with_suffix(".log")
        self._log.touch()
        self._command = [PROGRAM, "serve", "--data", str(data), "--badges", str(badges), *arguments]
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        # The first line comes when it listens; a server that fails ends, and then there is none.
        listens = re.match(r"Laurels listens on (\S+)", self._process.stdout.readline())
        assert listens, self._log.read_text()
        self.address = listens.group(1)

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        self._process.send_signal(how)
        self._process.communicate(timeout=60)
