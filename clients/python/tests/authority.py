"""Certificates for tests, made by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Authority:
    """Signs certificates, and is trusted by whoever is given its ``ca.pem``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.home.mkdir()
        self._openssl("req", "-x509", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")

    def sign(self, name: str) -> tuple[bytes, bytes]:
        """A private key and its certificate."""
        self._openssl("req", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (self.home / "names").write_text(f"subjectAltName=DNS:{name}")
        signed = [
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extfile",
            "names",
            "-out",
            f"{name}.pem",
        ]
        self._openssl("x509", "-req", "-in", f"{name}.csr", *signed)
        return (self.home / f"{name}.key").read_bytes(), (self.home / f"{name}.pem").read_bytes()

    def _openssl(self, command: str, *arguments: str) -> None:
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"] if command == "req" else []
        subprocess.run(["openssl", command, *new_key, *arguments], cwd=self.home, check=True, capture_output=True)
