"""Where a server is, and how a connection to it is secured."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union
from urllib.parse import urlsplit

import grpc

DEFAULT_URL = "http://127.0.0.1:50051"
"""Where a server listens that was told nothing else."""
DEFAULT_PORT = 50051

OPTIONS = [
    # A connection in use is asked whether it still stands, so that one which a firewall forgot is noticed.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # gRPC's own first wait of a second would make every call fail for a second after a restart of the server.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
]
"""How gRPC is to treat a connection."""

Pem = Union[bytes, str, "os.PathLike[str]"]
"""The text of a PEM file as bytes, or the path of one."""


@dataclass(frozen=True)
class Place:
    """Where a server is: ``host:port``, and whether TLS is spoken there."""

    target: str
    tls: bool


def parse_url(url: str) -> Place:
    """Reads ``http://host:port`` or ``https://host:port``. Raises a ValueError that says what to write."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("http", "https") or not host or parts.path not in ("", "/") or parts.query:
        raise ValueError(f"{url!r} is not the URL of a server; write one such as {DEFAULT_URL}")
    host = f"[{host}]" if ":" in host else host
    return Place(f"{host}:{port or DEFAULT_PORT}", parts.scheme == "https")


def credentials(
    ca: Optional[Pem], certificate: Optional[Pem], private_key: Optional[Pem]
) -> grpc.ChannelCredentials:
    """What TLS is spoken with; without a CA of one's own, with those that gRPC ships."""
    return grpc.ssl_channel_credentials(
        root_certificates=_read(ca), private_key=_read(private_key), certificate_chain=_read(certificate)
    )


def metadata(key: Optional[str]) -> tuple[tuple[str, str], ...]:
    """What goes with every call."""
    return (("authorization", f"Bearer {key}"),) if key else ()


def _read(pem: Optional[Pem]) -> Optional[bytes]:
    if pem is None or isinstance(pem, bytes):
        return pem
    return Path(pem).read_bytes()
