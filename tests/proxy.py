"""A proxy on loopback that cuts and delays connections to a server on command; real sockets, a thread each way."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

from attrs import define, field

from tests.servers import HOST

_CHUNK = 1 << 16
_LOOK = 0.05  # seconds between looks at whether it is to end


class Cut(Enum):
    """Where the connection that carries the next request ends."""

    BEFORE_REQUEST = "the request is taken from the client and never reaches the server"
    LOST_ANSWER = "the server has the request, and the client gets none of the answer"
    HALF_ANSWER = "the client gets the first half of the answer"
    WHILE_IDLE = "it ends between two requests"
    DELAY = "the server has the request, and the answer waits until the client has given up"


@define
class Proxy:
    """Forwards connections to a port; at most one cut is armed, and the next request meets it.

    A request is what a client sends when no cut is under way: the first bytes that come after `cut` was called.
    """

    target: int
    port: int = field(init=False)
    met: int = 0  # requests that were cut or delayed
    _armed: Cut | None = None
    _lock: threading.Lock = field(factory=threading.Lock)
    _listener: socket.socket = field(init=False)
    _open: list[tuple[socket.socket, socket.socket]] = field(factory=list)
    _ended: threading.Event = field(factory=threading.Event)
    _resume: threading.Event = field(factory=threading.Event)

    def __attrs_post_init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, at: Cut) -> None:
        """Cut the next request there; those that are idle at once."""
        if at is Cut.WHILE_IDLE:
            self.met += len(self._open)
            self.sever()
            return
        with self._lock:
            self._resume.clear()
            self._armed = at

    def resume(self) -> None:
        """What is delayed goes on."""
        self._resume.set()

    def sever(self) -> None:
        """End every connection, both ways."""
        with self._lock:
            pairs, self._open = self._open, []
        for pair in pairs:
            _end(*pair)

    def close(self) -> None:
        """No more connections."""
        self._ended.set()
        self._resume.set()
        self._listener.close()
        self.sever()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((HOST, self.target), timeout=5)
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.append((client, server))
            threading.Thread(target=self._carry, args=(client, server), daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        under_way: Cut | None = None
        with selectors.DefaultSelector() as selector:
            try:
                selector.register(client, selectors.EVENT_READ)
                selector.register(server, selectors.EVENT_READ)
                while not self._ended.is_set():
                    for ready, _ in selector.select(_LOOK):
                        data = ready.fileobj.recv(_CHUNK)  # type: ignore[union-attr]  # both are sockets
                        if not data:
                            return
                        if ready.fileobj is client:
                            under_way = under_way or self._take()
                            if under_way is Cut.BEFORE_REQUEST:
                                return
                            server.sendall(data)
                        elif under_way is None:
                            client.sendall(data)
                        elif under_way is Cut.DELAY:
                            self._resume.wait()
                            under_way = None
                            client.sendall(data)
                        else:
                            client.sendall(data[: len(data) // 2] if under_way is Cut.HALF_ANSWER else b"")
                            return
            except (OSError, ValueError):  # it was ended from elsewhere
                return
            finally:
                _end(client, server)

    def _take(self) -> Cut | None:
        with self._lock:
            armed, self._armed = self._armed, None
            self.met += armed is not None
            return armed


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def proxied(port: int) -> Iterator[Proxy]:
    """A proxy to that port of loopback."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
