"""Every block of README.md does what it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

from server import Server

README = Path(__file__).parents[1] / "README.md"


def test_every_block_of_the_readme_prints_what_it_shows(server: Server) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S)
    assert {kind for kind, _ in blocks} == {"python", "text"}
    names: dict[str, Any] = {}
    for (kind, code), (next_kind, shown) in zip(blocks, [*blocks[1:], ("", "")]):
        if kind == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(code.replace("http://127.0.0.1:50051", server.url), names)
            assert printed.getvalue() == (shown if next_kind == "text" else ""), code
    names["client"].close()
