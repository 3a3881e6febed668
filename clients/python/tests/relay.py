"""A relay between a client and a server, which a test can cut and turn to another server."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Listens on a free port, and passes everything on."""

    def __init__(self, address: str) -> None:
        self.to = address
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://{}:{}".format(*self._listener.getsockname())
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        """Ends all connections that there are, as a lost network does."""
        for side in self._open:
            _shut(side)

    def close(self) -> None:
        # A listener that is closed only would go on waiting for one more.
        _shut(self._listener)
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()
        for side in [self._listener, *self._open]:
            side.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            host, port = self.to.rsplit(":", 1)
            try:
                far = socket.create_connection((host, int(port)))
            except OSError:
                near.close()
                continue
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=_pass_on, args=(source, sink)))
                self._threads[-1].start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while some := source.recv(65536):
            sink.sendall(some)
    _shut(source)
    _shut(sink)


def _shut(side: socket.socket) -> None:
    with contextlib.suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)
