"""What is installed is whole, and says of itself what is true."""

from __future__ import annotations

import subprocess
from importlib import metadata
from pathlib import Path

import laurels
from server import ROOT

PACKAGE = Path(laurels.__file__).parent


def test_the_stubs_are_what_the_proto_files_give() -> None:
    subprocess.run([ROOT / "clients/python/generate", "--check"], check=True)


def test_types_and_stubs_are_installed() -> None:
    installed = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*")}
    assert {"py.typed", "v1/event_pb2.py", "v1/event_pb2.pyi", "v1/achievements_pb2_grpc.py"} <= installed


def test_the_version_is_that_of_the_server() -> None:
    cargo = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{metadata.version("laurels")}"\n' in cargo


def test_every_public_name_is_exported_once() -> None:
    assert laurels.__all__ == sorted(laurels.__all__)
    assert all(hasattr(laurels, name) for name in laurels.__all__)
